/**
 * A tiny stand-in for a bucket: PUT, GET, DELETE and lists of objects by path over HTTP, kept in memory. It checks no
 * signature and knows nothing else of S3; it is there so that the blob store can be tested with nothing installed.
 */
import { startScriptedServer } from './scripted-server';
import type { Script, ScriptedServer } from './scripted-server';

export interface MinimalS3 extends AsyncDisposable {
  readonly endpoint: string;
  readonly server: ScriptedServer;
  /** Bucket and key → bytes as they were sent. */
  readonly objects: Map<string, Buffer>;
  /** Answers the next requests instead of the store, while set. */
  fault: Script | undefined;
}

export async function startMinimalS3(): Promise<MinimalS3> {
  const objects = new Map<string, Buffer>();
  const state: { fault: Script | undefined } = { fault: undefined };
  const server = await startScriptedServer((request, response, count) => {
    if (state.fault !== undefined) return state.fault(request, response, count);
    const name = decodeURIComponent(new URL(request.path, 'http://s3').pathname.slice(1));
    switch (request.method) {
      case 'PUT':
        objects.set(name, request.body);
        return void response.writeHead(200, { etag: '"x"' }).end();
      case 'DELETE':
        objects.delete(name);
        return void response.writeHead(204).end();
      default: {
        const query = new URL(request.path, 'http://s3').searchParams;
        if (query.get('list-type') === '2') return void response.writeHead(200).end(list(name, query, objects));
        const found = objects.get(name);
        const range = /^bytes=0-(\d+)$/.exec(request.headers.range ?? '')?.[1];
        if (found !== undefined && range !== undefined) {
          const part = found.subarray(0, Number(range) + 1);
          return void response.writeHead(206, { 'content-length': part.length }).end(part);
        }
        if (found !== undefined) return void response.writeHead(200, { 'content-length': found.length }).end(found);
        return void response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
      }
    }
  }, undefined);
  return Object.assign(state, {
    endpoint: `http://127.0.0.1:${server.port}`,
    server,
    objects,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

/** Names in a page of a list: few, so that a test with few objects has several pages. */
const PAGE = 2;

/** Answer to ListObjectsV2. */
function list(bucket: string, query: URLSearchParams, objects: ReadonlyMap<string, Buffer>): string {
  const after = query.get('continuation-token') ?? '';
  const prefix = `${bucket.replace(/\/$/, '')}/${query.get('prefix') ?? ''}`;
  const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
  const page = names.slice(0, PAGE);
  const more = names.length > PAGE;
  const contents = page.map((name) => `<Contents><Key>${name.slice(name.indexOf('/') + 1)}</Key></Contents>`).join('');
  const token = more ? `<NextContinuationToken>${page.at(-1) ?? ''}</NextContinuationToken>` : '';
  return `<ListBucketResult><IsTruncated>${String(more)}</IsTruncated>${contents}${token}</ListBucketResult>`;
}
