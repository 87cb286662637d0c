/** The Roche simulator with a memory of what it shared: the demo's own files, and those that somebody sends by its control API. */
/// <reference types="fhir" />
import { drawUuid } from '../simulators/random';
import { readingVersions } from '../simulators/roche-dc/sample-data';
import { RocheSimulator, type ShareRequest, type ShareResult } from '../simulators/roche-dc/roche-simulator';
import type { ReadingVersion, SharedFile } from './scoreboard';

export class DemoRoche extends RocheSimulator {
  /** Told of each file before its first notification goes out. */
  onShare: (file: SharedFile, request: ShareRequest) => void = () => undefined;
  #count = 0;

  override async share(request: ShareRequest): Promise<ShareResult> {
    this.#count += 1;
    const messageId = request.messageId ?? drawUuid(this.seed, 'demo notification', this.#count);
    this.onShare({ messageId, readings: readingsOf(request.bundle) }, request);
    return super.share({ ...request, messageId });
  }
}

/** The glucose readings of a file; none where it is not a bundle that we can read. */
export function readingsOf(file: ShareRequest['bundle']): ReadingVersion[] {
  try {
    const content: unknown = typeof file === 'string' ? JSON.parse(file) : file;
    if (!isBundle(content)) return [];
    return readingVersions(content).map(({ id, value, status }) => ({
      id,
      value,
      deleted: status === 'cancelled' || status === 'entered-in-error',
    }));
  } catch {
    return [];
  }
}

function isBundle(content: unknown): content is fhir.Bundle {
  return (
    typeof content === 'object' && content !== null && 'resourceType' in content && content.resourceType === 'Bundle'
  );
}
