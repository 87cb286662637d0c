/**
 * Writes acknowledgments of every kind and version into a folder, for a judge from outside:
 * `node scripts/run-ts.cjs test/oracle/emit-acknowledgment-samples.ts FOLDER`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAcknowledgment, type AcknowledgmentCode, type Refused } from '../../src/protocols/hl7-v2/acknowledgment';
import { readHeader } from '../../src/protocols/hl7-v2/header';
import { adt } from '../support/his-client';

const location = { segment: 'PID', sequence: 1, field: 3, component: 1 };
const CASES: readonly (readonly [string, AcknowledgmentCode, Refused | undefined])[] = [
  ['aa', 'AA', undefined],
  ['ca', 'CA', undefined],
  ['ae', 'AE', { errorCode: '101', location, text: 'PID-3 has no number of the patient' }],
  ['ae-whole', 'AE', { errorCode: '100', location: { segment: 'PID', sequence: 2 }, text: 'no field is to blame' }],
  ['ar', 'AR', { errorCode: '207', text: 'The message could not be stored; try again' }],
  [
    'cr',
    'CR',
    { errorCode: '201', location: { segment: 'MSH', sequence: 1, field: 9, component: 2 }, text: 'not taken' },
  ],
];

const VERSIONS = ['2.3.1', '2.4', '2.5', '2.5.1', '2.6'] as const;

function main([folder]: readonly string[]): void {
  if (folder === undefined) throw new Error('usage: emit-acknowledgment-samples FOLDER');
  mkdirSync(folder, { recursive: true });
  for (const version of VERSIONS) {
    const control = readHeader(Buffer.from(adt('4711', { version, event: 'A31' })));
    for (const [name, code, refused] of CASES) {
      const bytes = writeAcknowledgment({ control, code, refused, controlId: 'OWN0001', atMs: Date.UTC(2026, 2, 1) });
      writeFileSync(join(folder, `ack-${version}-${name}.hl7`), bytes);
    }
  }
  process.stdout.write(`${String(VERSIONS.length * CASES.length)} acknowledgments\n`);
}

main(process.argv.slice(2));
