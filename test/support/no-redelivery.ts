/** For tests of the HTTP API that are not about redelivery. */
import type { RedeliveryApi } from '../../src/api/redelivery';

const unused = () => Promise.reject(new Error('not a part of this test'));

export const NO_REDELIVERY: RedeliveryApi = { compare: unused, approve: unused, state: unused };
