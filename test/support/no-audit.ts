/** For tests of the HTTP API that are not about the audit. */
import type { AuditLog } from '../../src/runtime/audit';

export const NO_AUDIT: Pick<AuditLog, 'list' | 'record'> = {
  record: () => Promise.resolve(),
  list: () => Promise.reject(new Error('not a part of this test')),
};
