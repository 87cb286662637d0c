/**
 * Writes an AuditEvent of each kind into a folder, for a judge that has nothing of this project in it (HAPI's validator):
 * `node dist/test/oracle/emit-audit-samples.js FOLDER`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toAuditEvent } from '../../src/domain/audit-event';
import { AUDIT_RECORDS } from '../support/audit-records';

function main([folder]: readonly string[]): void {
  if (folder === undefined) throw new Error('usage: emit-audit-samples FOLDER');
  mkdirSync(folder, { recursive: true });
  for (const record of AUDIT_RECORDS) {
    writeFileSync(join(folder, `${record.kind}-${record.id.slice(-2)}.json`), JSON.stringify(toAuditEvent(record)));
  }
  process.stdout.write(`${String(AUDIT_RECORDS.length)} AuditEvents\n`);
}

main(process.argv.slice(2));
