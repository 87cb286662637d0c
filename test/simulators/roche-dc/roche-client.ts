/** The middleware's side of Roche's interfaces, written for the simulator's tests: real TLS, the real AWS SDK. */
import { randomUUID } from 'node:crypto';
import { Agent as HttpsAgent } from 'node:https';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { lookupLocalhost } from '../../../simulators/localhost-lookup';
import { RocheSimulator } from '../../../simulators/roche-dc/roche-simulator';
import type { Certificates, KeyPair } from '../../../simulators/certificates';
import type { RocheOptions } from '../../../simulators/roche-dc/options';
import type { ReceivedNotification } from '../callback-server';

export const ORGANIZATION = { emrOid: '2.999.1.1', clientId: 'hospital', clientSecret: 'hospital-secret' } as const;

const TokenSchema = z.strictObject({
  awsCredentials: z.strictObject({
    AccessKeyId: z.string(),
    SecretAccessKey: z.string(),
    SessionToken: z.string(),
    Expiration: z.iso.datetime(),
  }),
  awsResources: z.array(z.string()),
});
export type Token = z.infer<typeof TokenSchema>;

/** Starts a simulator for the organization whose notifications go to a URL. */
export async function startSimulator(
  certificates: Certificates,
  callbackUrl: string,
  options: Partial<RocheOptions> = {},
): Promise<RocheSimulator> {
  const simulator = new RocheSimulator(
    {
      seed: 1,
      duplicateRate: 0,
      organizations: [{ ...ORGANIZATION, callback: { url: callbackUrl, username: 'roche', password: 'pass:word' } }],
      ...options,
    },
    certificates,
  );
  await simulator.start();
  return simulator;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** Header Retry-After. */
  readonly retryAfter?: string;
}

export class RocheClient implements AsyncDisposable {
  readonly #simulator: RocheSimulator;
  readonly #agent: Agent;
  readonly #httpsAgent: HttpsAgent;

  /** @param pair client certificate; `null`: none */
  constructor(simulator: RocheSimulator, certificates: Certificates, pair: KeyPair | null = certificates.ductusClient) {
    const ca = certificates.ca.cert;
    this.#simulator = simulator;
    this.#agent = new Agent({ connect: { ca, ...pair }, allowH2: false });
    this.#httpsAgent = new HttpsAgent({ ca, lookup: lookupLocalhost });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#httpsAgent.destroy();
    await this.#agent.destroy();
  }

  /** POST without a body and with the headers that every request has; `changes` replaces some, '' leaves one out. */
  async post(path: string, changes: Readonly<Record<string, string>> = {}, body?: string): Promise<Answer> {
    return this.#send('POST', `${this.#simulator.servicesUrl}${path}`, changes, body);
  }

  /** A request to the patient services. */
  async patients(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object | string,
    changes: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return this.#send(method, `${this.#simulator.fhirUrl}${path}`, changes, text);
  }

  async #send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    changes: Readonly<Record<string, string>>,
    body: string | undefined,
  ): Promise<Answer> {
    const headers = {
      org_id: ORGANIZATION.emrOid,
      client_id: ORGANIZATION.clientId,
      client_secret: ORGANIZATION.clientSecret,
      'x-origin-request-id': randomUUID(),
      'content-type': 'application/json',
      ...changes,
    };
    const answer = await request(url, {
      method,
      headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')),
      dispatcher: this.#agent,
      ...(body === undefined ? {} : { body }),
    });
    const retryAfter = answer.headers['retry-after'];
    return {
      status: answer.statusCode,
      text: await answer.body.text(),
      ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
    };
  }

  async token(): Promise<Token> {
    return TokenSchema.parse(JSON.parse((await this.post('v1/token')).text));
  }

  /** ACK for a notification as it came. */
  async acknowledge(
    notification: ReceivedNotification,
    changes: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.post('v1/notification/ack', {
      receiptHandle: notification.body.MessageReceiptHandle,
      'x-operation-id': String(notification.headers['x-operation-id']),
      ...changes,
    });
  }

  /** GetObject through the access point of a notification. */
  async read(token: Token, accessPoint: string, key: string): Promise<{ bytes: Buffer; etag: string | undefined }> {
    const { AccessKeyId, SecretAccessKey, SessionToken } = token.awsCredentials;
    const s3 = new S3Client({
      endpoint: this.#simulator.s3Endpoint,
      region: 'us-east-1',
      useArnRegion: true,
      credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
      maxAttempts: 1,
      requestHandler: { httpsAgent: this.#httpsAgent },
    });
    const answer = await s3.send(new GetObjectCommand({ Bucket: accessPoint, Key: key }));
    return { bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []), etag: answer.ETag };
  }

  /** Plain GET, as of a pre-signed URL. */
  async fetch(url: string): Promise<Answer> {
    const answer = await request(url, { dispatcher: this.#agent });
    return { status: answer.statusCode, text: await answer.body.text() };
  }
}
