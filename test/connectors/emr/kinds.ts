/** Every kind of destination with a peer on real sockets or a real folder, for the tests that all of them have to pass. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { EmrSimulator } from '../../../simulators/emr/emr-simulator';
import { EmrHttpSimulator } from '../../../simulators/emr-http/emr-http-simulator';
import { FhirServerSimulator } from '../../../simulators/fhir-server/fhir-server-simulator';
import type { EmrConnection, OutgoingMessage } from '../../../src/connectors/emr/connection';
import { openConnection } from '../../../src/connectors/emr/open-connection';
import { testConfig } from '../../support/config';
import { temporaryFolder } from '../../support/temporary-folder';
import { controlId, destinationId } from '../../support/work';

/** What stands in every message and must stand in no error. */
export const SECRET_TEXT = 'Mustermann';
/** Long enough for a disk that others use too; tests of the limit set their own. */
const TIMEOUT_MS = 10_000;

export interface Peer extends AsyncDisposable {
  /** Opens a connection to the peer. */
  open(settings?: object): EmrConnection;
  /** The ids of the messages that the peer has, in the order in which it got them; a repeat stands there twice. */
  stored(): Promise<string[]>;
  /** Refuses the next message for its content. */
  refuse(id: string): Promise<void>;
  /** Cannot take the next message now. Absent where the kind knows no such answer. */
  busy?(): void;
  /** Has the next message, and breaks off before the answer. */
  cut?(): void;
  /** Breaks off before it has the next message, when its bytes have left. */
  lose?(): void;
  /** Has the next message and never answers. */
  hang?(): void;
}

export interface Kind {
  readonly name: string;
  message(id: string): OutgoingMessage;
  start(): Promise<Peer>;
  /** A connection to where nothing is. */
  nowhere(): Promise<EmrConnection>;
}

/** Opens a destination by its configuration, as Ductus does. */
export function openDestination(settings: object, secrets: Readonly<Record<string, string>> = {}): EmrConnection {
  const config = testConfig(
    { organizations: {}, destinations: { emr: { acknowledgmentTimeoutMs: TIMEOUT_MS, ...settings } } },
    secrets,
  );
  return openConnection(config.destinations[destinationId('emr')] ?? fail());
}

function fail(): never {
  throw new Error('the configuration has the destination');
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : fail();
}

export function hl7Message(id: string): OutgoingMessage {
  const text =
    `MSH|^~\\&|D|R|E|H|20240301090000+0000||ORU^R01^ORU_R01|${id}|P|2.5.1|||||||UNICODE UTF-8\r` +
    `PID|1||7^^^H^MR||${SECRET_TEXT}^Maxi\rOBR|1||${id}|2339-0^Glucose^LN\r` +
    `OBX|1|NM|2339-0^Glucose^LN||104|mg/dL|||||F|||20240301085900+0000\r`;
  return { controlId: controlId(id), form: 'hl7', bytes: Buffer.from(text) };
}

export function jsonMessage(id: string): OutgoingMessage {
  return { controlId: controlId(id), form: 'json', bytes: Buffer.from(JSON.stringify({ id, name: SECRET_TEXT })) };
}

export function fhirMessage(id: string): OutgoingMessage {
  const identifier = [{ system: 'urn:test', value: id }];
  const patient = { resourceType: 'Patient', identifier, name: [{ family: SECRET_TEXT }] };
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: 'urn:uuid:1',
        resource: patient,
        request: { method: 'PUT', url: `Patient?identifier=urn:test|${id}` },
      },
      {
        resource: { resourceType: 'Observation', identifier, subject: { reference: 'urn:uuid:1' } },
        request: { method: 'PUT', url: `Observation?identifier=urn:test|${id}` },
      },
    ],
  };
  return { controlId: controlId(id), form: 'fhir', bytes: Buffer.from(JSON.stringify(bundle)) };
}

const mllp: Kind = {
  name: 'mllp',
  message: hl7Message,
  async start() {
    const emr = new EmrSimulator({});
    await emr.start();
    const connections: EmrConnection[] = [];
    return {
      open(settings = {}) {
        const opened = openDestination({ kind: 'mllp', host: '127.0.0.1', port: emr.port, ...settings });
        connections.push(opened);
        return opened;
      },
      stored: async () => (await emr.frames()).filter((frame) => frame.accepted).map((frame) => frame.controlId),
      refuse: async () => emr.script({ answer: { kind: 'AE', errorCode: '102' } }),
      busy: () => emr.script({ answer: { kind: 'AR' } }),
      cut: () => emr.script({ answer: { kind: 'drop-after-storing' } }),
      lose: () => emr.script({ answer: { kind: 'drop-before-storing' } }),
      hang: () => emr.script({ answer: { kind: 'silence' } }),
      async [Symbol.asyncDispose]() {
        await Promise.all(connections.map((connection) => connection.close()));
        await emr.stop();
      },
    };
  },
  nowhere: async () => openDestination({ kind: 'mllp', host: '127.0.0.1', port: await closedPort() }),
};

function http(format: 'hl7' | 'json'): Kind {
  return {
    name: `http ${format}`,
    message: format === 'hl7' ? hl7Message : jsonMessage,
    async start() {
      const emr = new EmrHttpSimulator({ format });
      await emr.start();
      const connections: EmrConnection[] = [];
      return {
        open(settings = {}) {
          const opened = openDestination({ kind: 'http', url: emr.url, format, ...settings });
          connections.push(opened);
          return opened;
        },
        stored: async () => (await emr.frames()).filter((frame) => frame.accepted).map((frame) => frame.controlId),
        refuse: async () => emr.script({ answer: { kind: 'AE', errorCode: '102' } }),
        busy: () => emr.script({ answer: { kind: 'AR' } }),
        cut: () => emr.script({ answer: { kind: 'drop-after-storing' } }),
        lose: () => emr.script({ answer: { kind: 'drop-before-storing' } }),
        hang: () => emr.script({ answer: { kind: 'silence' } }),
        async [Symbol.asyncDispose]() {
          await Promise.all(connections.map((connection) => connection.close()));
          await emr.stop();
        },
      };
    },
    nowhere: async () => openDestination({ kind: 'http', url: `http://127.0.0.1:${await closedPort()}/`, format }),
  };
}

const fhir: Kind = {
  name: 'fhir',
  message: fhirMessage,
  async start() {
    const server = new FhirServerSimulator();
    await server.start();
    const connections: EmrConnection[] = [];
    return {
      open(settings = {}) {
        const opened = openDestination({ kind: 'fhir', url: server.url, ...settings });
        connections.push(opened);
        return opened;
      },
      stored: async () =>
        server
          .transactions()
          .filter((one) => one.stored)
          .map((one) => one.requestId),
      refuse: async () => server.script({ kind: 'status', status: 422, outcome: { code: 'business-rule' } }),
      busy: () => server.script({ kind: 'status', status: 409, outcome: { code: 'conflict' } }),
      cut: () => server.script({ kind: 'drop-after-storing' }),
      lose: () => server.script({ kind: 'drop-before-storing' }),
      hang: () => server.script({ kind: 'hang' }),
      async [Symbol.asyncDispose]() {
        await Promise.all(connections.map((connection) => connection.close()));
        await server.stop();
      },
    };
  },
  nowhere: async () => openDestination({ kind: 'fhir', url: `http://127.0.0.1:${await closedPort()}/fhir` }),
};

const file: Kind = {
  name: 'file',
  message: hl7Message,
  async start() {
    const temporary = temporaryFolder();
    const folder = path.join(temporary.path, 'inbox');
    await mkdir(folder);
    const connections: EmrConnection[] = [];
    const own = async (name: string): Promise<boolean> =>
      (await readFile(path.join(folder, name), 'utf8')).startsWith('MSH');
    return {
      open(settings = {}) {
        const opened = openDestination({ kind: 'file', folder, ...settings });
        connections.push(opened);
        return opened;
      },
      async stored() {
        const names = (await readdir(folder)).filter((name) => name.endsWith('.hl7')).sort();
        const owned = await Promise.all(names.map(own));
        return names.filter((_, index) => owned[index]).map((name) => name.slice(0, -'.hl7'.length));
      },
      refuse: (id) => writeFile(path.join(folder, `${id}.hl7`), 'another file'),
      async [Symbol.asyncDispose]() {
        await Promise.all(connections.map((connection) => connection.close()));
        temporary[Symbol.dispose]();
      },
    };
  },
  nowhere: () => Promise.resolve(openDestination({ kind: 'file', folder: '/nowhere/inbox' })),
};

export const KINDS: readonly Kind[] = [mllp, http('hl7'), http('json'), fhir, file];
/** Those behind a socket, whose answer can be lost. */
export const NETWORK_KINDS: readonly Kind[] = [mllp, http('hl7'), http('json'), fhir];
