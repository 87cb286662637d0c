/** For tests of the HTTP API that are not about parked work and destinations. */
import type { createApi } from '../../src/api/server';

const unused = () => Promise.reject(new Error('not a part of this test'));

export const NO_OPERATIONS: Parameters<typeof createApi>[0]['operations'] = {
  parked: unused,
  work: unused,
  repair: unused,
  repairAll: unused,
  destinations: unused,
  hold: unused,
  resume: unused,
};
