import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findTemporalBinary } from '../../../src/runtime/embedded/temporal-binary';
import { freePort } from '../../../src/runtime/embedded/ports';
import { temporaryFolder } from '../../support/temporary-folder';
import type { TemporaryFolder } from '../../support/temporary-folder';

describe('findTemporalBinary', () => {
  let folder: TemporaryFolder;
  let lines: string[];
  let options: { cacheDir: string; log: (line: string) => void; downloadHost: { host: string; port: number } };

  beforeEach(async () => {
    folder = temporaryFolder();
    lines = [];
    options = {
      cacheDir: join(folder.path, 'cache'),
      log: (line) => lines.push(line),
      // Nobody listens there.
      downloadHost: { host: '127.0.0.1', port: await freePort() },
    };
  });
  afterEach(() => folder[Symbol.dispose]());

  /** A program that does what the script says. */
  function program(path: string, script: string): string {
    const file = join(folder.path, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  const TEMPORAL = 'echo "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"';
  const path = (...names: string[]): string => names.map((name) => join(folder.path, name)).join(':');

  it('should take the configured program and try nothing else', async () => {
    const binary = program('mine/temporal', TEMPORAL);
    program('bin/temporal', TEMPORAL);
    expect(await findTemporalBinary({ ...options, binary, env: { PATH: path('bin') } })).toBe(binary);
    expect(await findTemporalBinary({ ...options, env: { DUCTUS_TEMPORAL_BINARY: binary, PATH: path('bin') } })).toBe(
      binary,
    );
    expect(lines).toEqual([]);
  });

  it('should refuse a configured program that is no Temporal CLI', async () => {
    const binary = program('mine/temporal', 'echo "something else 1.0"');
    await expect(findTemporalBinary({ ...options, binary, env: {} })).rejects.toMatchObject({
      code: 'DUCTUS_TEMPORAL_UNAVAILABLE',
      message: expect.stringContaining(`${binary} (DUCTUS_TEMPORAL_BINARY or temporal.embedded.binary) is not`),
    });
  });

  it('should take the first one on PATH that works, or else the cached one', async () => {
    const cached = program('cache/temporal-1.5.1/temporal', TEMPORAL);
    program('broken/temporal', 'exit 1');
    expect(await findTemporalBinary({ ...options, env: { PATH: path('broken') } })).toBe(cached);
    const onPath = program('bin/temporal', TEMPORAL);
    expect(await findTemporalBinary({ ...options, env: { PATH: path('broken', 'bin') } })).toBe(onPath);
  });

  it('should build it with Go where there is one, keep it, and say so', async () => {
    program(
      'go-bin/go',
      `[ "$1 $2" = "install github.com/temporalio/cli/cmd/temporal@v1.5.1" ] || exit 1
printf '#!/bin/sh\\n${TEMPORAL}\\n' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`,
    );
    const env = { PATH: `${path('go-bin')}:/usr/bin:/bin` };
    const cached = join(options.cacheDir, 'temporal-1.5.1', 'temporal');
    expect(await findTemporalBinary({ ...options, env })).toBe(cached);
    expect(lines).toEqual([
      'Temporal server: 127.0.0.1 cannot be reached, so no download',
      'Temporal server: building 1.5.1 with Go (about 3 minutes, once)',
    ]);
    // Nothing half-made stays behind, and the second time nothing is built.
    expect(readdirSync(join(options.cacheDir, 'temporal-1.5.1'))).toEqual(['temporal']);
    lines.length = 0;
    expect(await findTemporalBinary({ ...options, env })).toBe(cached);
    expect(lines).toEqual([]);
  });

  it('should name the three ways out when nothing worked, and what the builder said', async () => {
    program('go-bin/go', 'echo "go: no route to the module proxy" >&2; exit 1');
    const find = findTemporalBinary({ ...options, env: { PATH: path('go-bin') } });
    await expect(find).rejects.toMatchObject({ code: 'DUCTUS_TEMPORAL_UNAVAILABLE' });
    await expect(find).rejects.toThrow(/Three ways out:\n {2}1\. .*\n {2}2\. .*\n {2}3\. .*DUCTUS_TEMPORAL_ADDRESS/);
    expect(lines.at(-1)).toBe('Temporal server: Go could not build it: go: no route to the module proxy');
    expect(existsSync(join(options.cacheDir, 'temporal-1.5.1', 'temporal'))).toBe(false);
  });

  it('should go on when the download cannot be had although its host answers', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    program('go-bin/go', 'exit 1');
    try {
      await expect(
        findTemporalBinary({
          ...options,
          downloadHost: { host: '127.0.0.1', port },
          // The SDK's downloader goes through this proxy, which is nobody.
          env: {
            PATH: path('go-bin'),
            HTTPS_PROXY: `http://127.0.0.1:${port}`,
            https_proxy: `http://127.0.0.1:${port}`,
          },
        }),
      ).rejects.toThrow('Three ways out');
    } finally {
      server.close();
    }
    expect(lines).toEqual([
      'Temporal server: downloading 1.5.1 (about 100 MB, once)',
      'Temporal server: the download failed',
      expect.stringContaining('building 1.5.1 with Go'),
      expect.stringContaining('Go could not build it'),
    ]);
  });
});
