/** However many tokens are tried from however many places, the audit stays readable, and what was only counted is said. */
import { fastify } from 'fastify';
import { Refusals } from '../../src/api/refusals';
import type { AuditEntry } from '../../src/domain/audit';
import { testConfig } from '../support/config';

async function tried(
  callers: readonly string[],
  at: { now: number },
  written: AuditEntry[],
  refusals: Refusals,
): Promise<void> {
  await using app = fastify({ trustProxy: true });
  app.get('/operations/parked', async (request) => {
    await refusals.note(request, 'DUCTUS_UNAUTHENTICATED');
    return { written: written.length, at: at.now };
  });
  for (const caller of callers) {
    await app.inject({
      url: '/operations/parked',
      headers: { 'x-forwarded-for': caller, authorization: 'Bearer wrong' },
    });
  }
}

it('should be one event a minute and caller, and a bounded number of all', async () => {
  const at = { now: 0 };
  const written: AuditEntry[] = [];
  const refusals = new Refusals(
    testConfig({ organizations: {}, destinations: {} }),
    (entry) => Promise.resolve(void written.push(entry)),
    () => at.now,
  );
  await tried(['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.1'], at, written, refusals);
  expect(written.map(({ origin }) => origin?.address)).toEqual(['192.0.2.1', '192.0.2.2']);

  at.now = 60_001;
  await tried(['192.0.2.1'], at, written, refusals);
  expect(written.at(-1)?.details).toMatchObject({ 'not-written-before': 2 });

  at.now = 200_000;
  written.length = 0;
  await tried(
    Array.from({ length: 1000 }, (_, number) => `2001:db8::${number.toString(16)}`),
    at,
    written,
    refusals,
  );
  expect(written.length).toBeLessThanOrEqual(101);
});

it('should tell callers apart again after many came once', async () => {
  const at = { now: 0 };
  const written: AuditEntry[] = [];
  const refusals = new Refusals(
    testConfig({ organizations: {}, destinations: {} }),
    (entry) => Promise.resolve(void written.push(entry)),
    () => at.now,
  );
  const many = Array.from({ length: 100 }, (_, number) => `2001:db8::${number.toString(16)}`);
  await tried([...many, ...many], at, written, refusals);
  at.now = 2 * 60 * 60_000;
  written.length = 0;
  await tried(['192.0.2.1', '192.0.2.2', '192.0.2.3'], at, written, refusals);
  expect(written.map(({ origin }) => origin?.address)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
});
