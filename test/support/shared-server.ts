/** Hands the shared server from jest's set-up to its tear-down: jest loads the two as separate modules in one process. */
const KEY = Symbol.for('ductus.test.shared-server');

export interface SharedServer {
  stop(): Promise<void>;
}

export function setSharedServer(server: SharedServer): void {
  Reflect.set(globalThis, KEY, server);
}

export function takeSharedServer(): SharedServer | undefined {
  const server: unknown = Reflect.get(globalThis, KEY);
  Reflect.deleteProperty(globalThis, KEY);
  return isSharedServer(server) ? server : undefined;
}

function isSharedServer(value: unknown): value is SharedServer {
  return typeof value === 'object' && value !== null && 'stop' in value && typeof value.stop === 'function';
}
