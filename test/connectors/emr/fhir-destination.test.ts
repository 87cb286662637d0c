/** A FHIR server as destination, against a scripted server: every answer, and what is made of it. */
import { ductusErrorOf, everythingOf } from '../../support/error-of';
import { startScriptedServer, type Script } from '../../support/scripted-server';
import { fhirMessage, openDestination } from './kinds';

function reply(status: number, body: unknown, headers: Record<string, string> = {}): Script {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

const response = (...statuses: string[]) => ({
  resourceType: 'Bundle',
  type: 'transaction-response',
  entry: statuses.map((status) => ({ response: { status, location: 'Patient/planted' } })),
});
const outcome = (...issue: object[]) => ({ resourceType: 'OperationOutcome', issue });

async function serve(script: Script, settings: object = {}) {
  const server = await startScriptedServer(script, undefined);
  const connection = openDestination({ kind: 'fhir', url: `http://localhost:${server.port}/fhir/r4`, ...settings });
  return {
    server,
    send: () => connection.send(fhirMessage('A1'), { resent: false }),
    async [Symbol.asyncDispose]() {
      await connection.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('FhirDestination', () => {
  it('should post the transaction to the base address', async () => {
    await using test = await serve(reply(200, response('201 Created', '200 OK')));
    await test.send();
    const [request] = test.server.requests;
    expect([request?.method, request?.path]).toEqual(['POST', '/fhir/r4']);
    expect(request?.headers).toMatchObject({
      'content-type': 'application/fhir+json',
      accept: 'application/fhir+json',
      prefer: 'return=minimal',
      'x-request-id': 'A1',
    });
    expect(request?.body).toEqual(fhirMessage('A1').bytes);
  });

  it.each([
    ['200', '201'],
    ['200 OK', '204 No Content'],
    ['201 Created', '200'],
  ])('should take %s and %s as accepted', async (first, second) => {
    await using test = await serve(reply(200, response(first, second)));
    await expect(test.send()).resolves.toBeUndefined();
  });

  it.each<[string, unknown, object]>([
    ['a Bundle of another type', { resourceType: 'Bundle', type: 'batch-response', entry: [] }, {}],
    ['no Bundle', outcome({ severity: 'information', code: 'informational' }), {}],
    ['no JSON', '<html>planted</html>', {}],
    ['nothing', '', {}],
    ['an entry too few', response('201 Created'), { sent: 2, answered: 1 }],
    ['an entry without a response', { resourceType: 'Bundle', type: 'transaction-response', entry: [{}, {}] }, {}],
  ])('should not know what 200 with %s means', async (_, body, details) => {
    await using test = await serve(reply(200, body));
    const error = await ductusErrorOf(test.send());
    expect(error.code).toBe('DUCTUS_EMR_AMBIGUOUS');
    expect(error.details).toMatchObject({ status: 200, controlId: 'A1', ...details });
    expect(everythingOf(error)).not.toContain('planted');
  });

  it('should see that a server refused an entry under 200', async () => {
    await using test = await serve(reply(200, response('201 Created', '422 planted')));
    const error = await ductusErrorOf(test.send());
    expect([error.code, error.details]).toEqual([
      'DUCTUS_EMR_REJECTED',
      { status: 200, entry: 1, entryStatus: '422', controlId: 'A1' },
    ]);
  });

  it.each([
    [202, false, 'AMBIGUOUS'],
    [302, false, 'MISCONFIGURED'],
    [400, true, 'REJECTED'],
    [401, true, 'MISCONFIGURED'],
    [403, false, 'MISCONFIGURED'],
    // With an OperationOutcome a reference in the message is not found; without, the base address is wrong.
    [404, true, 'REJECTED'],
    [404, false, 'MISCONFIGURED'],
    [405, false, 'MISCONFIGURED'],
    [409, true, 'BUSY'],
    // Several resources have the identifier: waiting does not merge them.
    [412, true, 'REJECTED'],
    [415, true, 'MISCONFIGURED'],
    [413, false, 'REJECTED'],
    [422, true, 'REJECTED'],
    [429, false, 'BUSY'],
    [500, true, 'AMBIGUOUS'],
    [502, false, 'AMBIGUOUS'],
    [503, true, 'BUSY'],
  ])('should judge %d (OperationOutcome: %s) as %s', async (status, withOutcome, code) => {
    const body = withOutcome ? outcome({ severity: 'error', code: 'processing', diagnostics: 'planted' }) : 'planted';
    await using test = await serve(reply(status, body, { location: '/planted', 'retry-after': '3' }));
    const error = await ductusErrorOf(test.send());
    expect(error.code).toBe(`DUCTUS_EMR_${code}`);
    expect(everythingOf(error)).not.toContain('planted');
    if (code === 'BUSY') expect(error.retryAfterMs).toBe(3000);
  });

  it('should name code and place of the errors of an OperationOutcome, and nothing that may be of the patient', async () => {
    const issues = [
      { severity: 'warning', code: 'informational', expression: ['Bundle.type'] },
      {
        severity: 'error',
        code: 'code-invalid',
        diagnostics: 'planted',
        details: { text: 'planted' },
        location: ['/planted'],
        expression: ['Bundle.entry[3].resource.value.ofType(Quantity).unit', "Patient.name.where(family='planted')"],
      },
      { severity: 'fatal', code: 'planted-code', expression: ['planted', `Bundle.${'a'.repeat(200)}`] },
      { severity: 'error', code: 'required', expression: ['Observation.value[x]'] },
    ];
    await using test = await serve(reply(422, outcome(...issues)));
    const error = await ductusErrorOf(test.send());
    expect(error.details).toEqual({
      status: 422,
      issueCodes: 'code-invalid required',
      expressions: 'Bundle.entry[3].resource.value.ofType(Quantity).unit Observation.value[x]',
      controlId: 'A1',
    });
    expect(everythingOf(error)).not.toContain('planted');
  });

  it('should do with an OperationOutcome that is broken or huge', async () => {
    const many = Array.from({ length: 500 }, (_, index) => ({
      severity: 'error',
      code: 'invalid',
      expression: [`Bundle.entry[${index}]`],
    }));
    await using huge = await serve(reply(400, outcome(...many)));
    const { details } = await ductusErrorOf(huge.send());
    expect(details['issueCodes']).toBe('invalid invalid invalid invalid invalid');
    expect(String(details['expressions']).split(' ')).toHaveLength(5);
    await using broken = await serve(reply(400, { resourceType: 'OperationOutcome', issue: 'planted' }));
    expect((await ductusErrorOf(broken.send())).details).toEqual({ status: 400, controlId: 'A1' });
  });
});
