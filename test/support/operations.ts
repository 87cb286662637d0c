/** Calls of the operators' HTTP API of a hospital, as the operator who may do everything that tests need. */
import { request } from 'undici';
import { SECRETS } from './config';
import type { Hospital } from './ductus';

/** POST with a body, else GET. @returns the answer, which has to be a 200 */
export async function operations(hospital: Hospital, path: string, body?: object): Promise<unknown> {
  const response = await request(`${hospital.url}/operations/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${SECRETS['OPERATOR'] ?? ''}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await response.body.json();
  expect({ status: response.statusCode, answer }).toMatchObject({ status: 200 });
  return answer;
}
