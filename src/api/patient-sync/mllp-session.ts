/**
 * One connection of the HIS: frame by frame, each answered before the next is looked at. While an answer is being made,
 * nothing is read from the socket, so a sender that does not wait is slowed down by TCP and nothing piles up here.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { LIMITS } from '../../domain/limits';
import { acknowledgmentCode } from '../../protocols/hl7-v2/acknowledgment';
import type { CharacterSet } from '../../protocols/hl7-v2/encoding';
import { FrameReader } from '../../protocols/mllp/frame-reader';
import { encodeFrame, MllpFramingError } from '../../protocols/mllp/framing';
import type { HisConnectionEvent } from '../../runtime/telemetry/his-metrics';
import { answerOf, logRefusal } from './answer';
import type { HisOrganization, PatientSyncDoor } from './door';
import { receiveHl7, receiveTooLarge, type Received } from './receive-hl7';

/** Bytes between two frames that are borne: a sender that writes more speaks another protocol. */
export const MOST_OUTSIDE_BYTES = 64 * 1024;

/** Milliseconds; see `LIMITS` for their sources. */
export interface SessionLimits {
  readonly frameMs: number;
  readonly answerMs: number;
  readonly lingerMs: number;
}

export const SESSION_LIMITS: SessionLimits = {
  frameMs: LIMITS.mllpFrameMs,
  answerMs: LIMITS.mllpAnswerMs,
  lingerMs: LIMITS.mllpLingerMs,
};

export interface SessionOptions {
  readonly source: string;
  readonly maxMessageBytes: number;
  readonly characterSet: CharacterSet;
}

export class MllpSession {
  /** Random: names the connection in the order of changes and in the log. */
  readonly id = randomUUID();
  readonly #reader: FrameReader;
  #sequence = 0;
  #working = false;
  #stopping = false;
  #stalled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly door: PatientSyncDoor,
    private readonly his: HisOrganization,
    private readonly options: SessionOptions,
    private readonly limits: SessionLimits = SESSION_LIMITS,
  ) {
    this.#reader = new FrameReader(options.maxMessageBytes, MOST_OUTSIDE_BYTES);
  }

  /** Serves until the connection ends. Never rejects. @returns how it ended */
  async run(): Promise<HisConnectionEvent> {
    const { socket } = this;
    // A message is one write and waits for its answer: nothing is gained by collecting bytes.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, LIMITS.mllpKeepAliveMs);
    // What breaks is heard where it is read or written; this one is for what breaks between.
    socket.on('error', () => undefined);
    try {
      await this.#readAll();
      const left = this.#reader.isUnfinished && !this.#stopping;
      await this.#leave();
      return left ? 'broken' : 'closed';
    } catch (error) {
      if (error instanceof MllpFramingError) return await this.#refuseStream(error);
      if (this.#stalled) return 'stalled';
      return this.#stopping ? 'closed' : 'broken';
    } finally {
      clearTimeout(this.#timer);
      socket.destroy();
      const { organization } = this.his;
      this.door.metrics.dropped({ organization, source: this.options.source }, this.#reader.dropped);
    }
  }

  /** Ends the connection when the message that is being worked on has its answer; at once when there is none. */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.#working) return;
    this.socket.end();
    this.#destroyAfter(this.limits.lingerMs);
  }

  async #readAll(): Promise<void> {
    let deadline = 0;
    let frames = -1;
    for await (const chunk of this.socket.iterator({ destroyOnReturn: false })) {
      // After a stop: read, so that the last answer is not lost by a reset, and left without an answer, so that it is sent again.
      if (!Buffer.isBuffer(chunk) || this.#stopping) continue;
      clearTimeout(this.#timer);
      await this.#serve(chunk);
      if (this.#stopping) return;
      if (!this.#reader.isUnfinished) continue;
      // The time that a frame has is for all of it, in however many pieces it comes.
      if (frames !== this.#sequence) deadline = performance.now() + this.limits.frameMs;
      frames = this.#sequence;
      this.#destroyAfter(deadline - performance.now());
    }
  }

  #destroyAfter(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#stalled = true;
        this.socket.destroy();
      },
      Math.max(1, ms),
    );
  }

  async #serve(chunk: Buffer): Promise<void> {
    this.#working = true;
    try {
      for (const frame of this.#reader.frames(chunk)) {
        this.#sequence += 1;
        const startedAt = performance.now();
        const { organization } = this.his;
        const { source, characterSet } = this.options;
        const arrival = { source, connection: this.id, sequence: this.#sequence, receivedAtMs: Date.now() };
        const received = await receiveHl7(this.door, this.his, arrival, frame, characterSet);
        await this.#answer(received, startedAt);
        logRefusal(this.door, { organization, ...arrival }, received);
        if (this.#stopping) return;
      }
    } finally {
      this.#working = false;
    }
  }

  async #answer(received: Received, startedAt: number): Promise<void> {
    const { control, verdict } = received;
    const code = verdict === undefined ? undefined : acknowledgmentCode(verdict, control);
    const labels = { organization: this.his.organization, source: this.options.source };
    this.door.metrics.answered(labels, code ?? 'none', (performance.now() - startedAt) / 1000);
    if (code === undefined) return;
    await this.#write(encodeFrame(answerOf(received, code)));
  }

  /** A sender that does not read its answers gets no more of them, and its messages are not read either. */
  async #write(frame: Buffer): Promise<void> {
    const { socket } = this;
    if (socket.destroyed || socket.writableEnded) throw new Error('the connection is closed');
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#stalled = true;
        socket.destroy();
      }, this.limits.answerMs);
      socket.write(frame, (error) => {
        clearTimeout(timer);
        if (error == null) resolve();
        else reject(error);
      });
    });
  }

  /** The stream cannot be read any further: what began is answered AR, what is no frame is not answered. */
  async #refuseStream(error: MllpFramingError): Promise<HisConnectionEvent> {
    if (error.reason !== 'too-large') {
      await this.#leave();
      return 'outside-frame';
    }
    try {
      const received = receiveTooLarge(this.#reader.begun, this.options.maxMessageBytes);
      await this.#answer(received, performance.now());
      await this.#leave();
    } catch {
      // It has gone; that its message was too large is all there is to say.
    }
    return 'too-large';
  }

  /**
   * Closes our side and reads what is still on its way: to close a socket with unread bytes is a reset, and the sender
   * would lose the answer that it has not read yet (RFC 1122 §4.2.2.13).
   */
  async #leave(): Promise<void> {
    const { socket } = this;
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), this.limits.lingerMs);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (!socket.writableEnded) socket.end();
      if (socket.readableEnded) socket.destroySoon();
      else socket.resume();
    });
  }
}
