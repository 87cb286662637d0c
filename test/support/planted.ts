/** What is planted for the privacy tests, and the search for it in everything that Ductus leaves behind. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Client as PostgresClient } from 'pg';
import { SECRETS } from './config';

export const PATIENT = {
  id: 'PLANTED-NUMBER-4711',
  system: 'urn:oid:2.999.7',
  family: 'Plantedfamily',
  given: 'Plantedgiven',
  gender: 'female',
  birthDate: '1961-07-13',
} as const;

export const PLANTED = {
  mrn: 'PLANTED-MRN-0815',
  serial: 'PLANTED-SERIAL-0042',
  comment: 'plantedcomment',
  /** No time, no count and no size looks like this. */
  value: '131.77935',
  finding: 'plantedfinding',
  title: 'plantedtitle',
  receiptHandle: 'plantedreceipthandle',
  signature: 'plantedsignature',
  phone: '0731-47110815',
  street: 'Plantedstreet 42',
  mail: 'planted@mail.example',
} as const;

/** What the tables of the cross-reference and of the registry hold in clear; everything else nobody may. */
export const CLINICAL_TABLES = ['patient_identifier', 'patient'] as const;
export const IN_CLINICAL_COLUMNS: readonly string[] = [PATIENT.id, PLANTED.mrn];

const plain: readonly string[] = [
  PATIENT.id,
  PATIENT.family,
  PATIENT.given,
  PATIENT.birthDate,
  PATIENT.birthDate.replaceAll('-', ''),
  ...Object.values(PLANTED),
  ...Object.values(SECRETS),
  Buffer.from(`roche-client:${SECRETS['PASSWORD'] ?? ''}`).toString('base64'),
  'X-Amz-Signature',
  'X-Amz-Security-Token',
];

/** A text also as hexadecimal, as PostgreSQL writes bytes, and in base64 at each of the three places in which it can start. */
function forms(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first and the last characters hold bits of what stands around it.
    return encoded.slice(shift === 0 ? 0 : shift + 1, bytes.length % 3 === (3 - shift) % 3 ? undefined : -1);
  });
  return [text, bytes.toString('hex'), ...base64.filter((each) => each.length > 6)];
}

const FORBIDDEN = new Map(plain.filter((text) => text !== '').map((text) => [text, forms(text)]));

/** What of the planted things stands in a text, in whatever form. @param allowed may stand there */
export function found(text: string, allowed: readonly string[] = []): string[] {
  return [...FORBIDDEN]
    .filter(([name, all]) => !allowed.includes(name) && all.some((form) => text.includes(form)))
    .map(([name]) => name);
}

/** All files below a folder, as one text. */
export function everything(folder: string, only: (file: string) => boolean = () => true): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => only(file) && statSync(file).isFile())
    .map((file) => readFileSync(file, 'latin1'))
    .join('\n');
}

/** All rows of all tables as text. @param except tables that are left out */
export async function databaseText(url: string, except: readonly string[] = []): Promise<string> {
  const client = new PostgresClient({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    let text = '';
    for (const { name } of tables.rows.filter((table) => !except.includes(table.name))) {
      const rows = await client.query<{ row: string }>(`select t::text as row from "${name}" t`);
      text += rows.rows.map(({ row }) => row).join('\n');
    }
    return text;
  } finally {
    await client.end();
  }
}

/** Everything of a history as text, and what its base64 strings stand for: a payload in clear is UTF-8. */
function readable(history: unknown): string {
  const json = JSON.stringify(history, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  const decoded = [...json.matchAll(/"([A-Za-z0-9+/]{8,}={0,2})"/g)].map(([, text]) =>
    Buffer.from(text ?? '', 'base64').toString('latin1'),
  );
  return [json, ...decoded].join('\n');
}

/**
 * Every history, workflow id, search attribute and summary of a task queue, by gRPC and without the codec: as the server
 * stores it.
 */
export async function rawHistories(address: string, taskQueue: string): Promise<string> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  try {
    let text = '';
    for await (const { workflowId, runId, raw } of client.workflow.list({ query: `TaskQueue = "${taskQueue}"` })) {
      const handle = client.workflow.getHandle(workflowId, runId);
      text += [
        workflowId,
        readable(raw),
        readable(await handle.fetchHistory()),
        readable((await handle.describe()).raw),
      ].join('\n');
    }
    return text;
  } finally {
    await connection.close();
  }
}
