/** A log that keeps its lines for a test to look at. */
import type { EmbeddedLog } from '../../src/runtime/embedded/child';

export interface CollectingLog extends EmbeddedLog {
  readonly lines: { readonly info: string[]; readonly warn: string[]; readonly error: string[] };
}

export function collectingLog(): CollectingLog {
  const lines: { info: string[]; warn: string[]; error: string[] } = { info: [], warn: [], error: [] };
  return {
    lines,
    info: (message) => void lines.info.push(message),
    warn: (message) => void lines.warn.push(message),
    error: (message) => void lines.error.push(message),
  };
}
