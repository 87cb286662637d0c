/** `npm start -- --send <file>`: shares somebody's own bundle with the demo that runs already. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RocheControl } from '../simulators/roche-dc/control';
import { isAccepted } from '../simulators/roche-dc/statistics';
import { DemoError } from './demo-error';
import type { DemoFolder } from './folder';
import { typedCommand, workflowUrl } from './links';
import { duration } from './table';

/** A bundle of 12,000 observations takes a few seconds. */
const PATIENCE_MS = 30_000;

/**
 * Sends the file and waits for its ACK.
 * @param say a line for the reader
 * @throws DemoError when no demo runs, the file cannot be read, or Ductus does not take it
 */
export async function sendFile(folder: DemoFolder, file: string, say: (line: string) => void): Promise<void> {
  const running = folder.running();
  if (running === undefined) {
    throw new DemoError(`No demo runs on ${folder.path}.`, 'Run `npm start` in another terminal first.');
  }
  const bundle = readBundle(file);
  const roche = new RocheControl(running.rocheControlUrl);
  const { messageId, firstAttempt } = await roche.share({
    organization: running.organization,
    bundle,
    option: 'access-point',
  });
  if (!isAccepted(firstAttempt)) {
    const why = firstAttempt.error ?? `status ${String(firstAttempt.status)}`;
    throw new DemoError(`Ductus did not take the notification (${why}).`, 'Roche repeats it; look at the demo.');
  }
  say(`Roche notified of ${file} as ${messageId}; Ductus answered ${String(firstAttempt.status)}.`);
  if (running.temporalUi !== undefined) {
    say(`  ${workflowUrl(running.temporalUi, `data-sharing/st-marien/${messageId}`)}`);
  }
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    const { notifications } = await roche.stats();
    const notification = notifications.find((one) => one.messageId === messageId);
    const ack = notification?.acks[0];
    if (ack !== undefined) {
      say(`Acknowledged ${duration(ack.atMs - (notification?.firstNotifiedAtMs ?? ack.atMs))} after the notification.`);
      return;
    }
    await sleep(200);
  }
  throw new DemoError(
    `No ACK within ${String(PATIENCE_MS / 1000)} s.`,
    `\`${typedCommand(folder)} parked list\` says what is wrong, if it is parked.`,
  );
}

function readBundle(file: string): object {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it failed';
    throw new DemoError(`${file} cannot be read as JSON: ${why}`, 'Give a FHIR STU3 bundle, as Roche shares it.', {
      cause: error,
    });
  }
  if (typeof content !== 'object' || content === null) throw new DemoError(`${file} holds no FHIR resource.`);
  return content;
}
