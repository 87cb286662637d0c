/** A destination that takes HL7 v2 over MLLP. */
import type { DestinationConfigOf } from '../../runtime/config/schema';
import { judgeAcknowledgment } from './acknowledgment';
import { answered } from './answered';
import type { ConnectionStats, EmrConnection, OutgoingMessage, SendOptions } from './connection';
import { MllpPool, mllpOptions } from './mllp-pool';

export class MllpDestination implements EmrConnection {
  readonly #pool: MllpPool;
  readonly #config: DestinationConfigOf<'mllp'>;

  constructor(config: DestinationConfigOf<'mllp'>) {
    this.#config = config;
    this.#pool = new MllpPool(mllpOptions(config));
  }

  get stats(): ConnectionStats {
    return this.#pool.stats;
  }

  async send({ bytes, controlId }: OutgoingMessage, { resent, ...options }: SendOptions): Promise<void> {
    const acknowledgment = await this.#pool.send(bytes, controlId, options);
    const judged = judgeAcknowledgment(acknowledgment, this.#config.acknowledgments, { resent });
    if (judged.verdict === 'failed') throw answered(judged.code, controlId, judged.details);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
