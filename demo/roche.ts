/** The Roche simulator with a memory of what it shared: the demo's own files, and those that somebody sends by its control API. */
import { drawUuid } from '../simulators/random';
import { RocheSimulator, type ShareRequest, type ShareResult } from '../simulators/roche-dc/roche-simulator';
import { ORGANIZATIONS } from './organizations';
import type { SharedFile } from './scoreboard';
import { itemsOf } from './shared-items';

/** Roche's patient services answer in a fifth of their documented times: 0.3 s for a create on average, 2 s at worst. */
export const ROCHE_LATENCY_SCALE = 0.2;

export class DemoRoche extends RocheSimulator {
  /** Told of each file before its first notification goes out. */
  onShare: (file: SharedFile, request: ShareRequest) => void = () => undefined;
  #count = 0;

  override async share(request: ShareRequest): Promise<ShareResult> {
    this.#count += 1;
    const messageId = request.messageId ?? drawUuid(this.seed, 'demo notification', this.#count);
    const zone = ORGANIZATIONS.find(({ emrOid }) => emrOid === request.organization)?.timeZone ?? 'UTC';
    this.onShare({ messageId, items: itemsOf(request.bundle, zone) }, request);
    return super.share({ ...request, messageId });
  }
}
