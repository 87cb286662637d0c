/** The site's own changes of the segments, checked: what comes back must still be a message that can be sent. */
import { DuctusError } from '../../domain/errors';
import type { SiteMapping } from '../model/site-mapping';

/** A segment name, and no control character: neither CR nor what frames MLLP. */
const SEGMENT = /^[A-Z][A-Z0-9]{2}(?:\|[^\u0000-\u001f\u007f]*)?$/;

/**
 * @param own MSH with MSH-10 empty, and the segments after it, without CR
 * @param position place of the message among those of the call
 * @throws DuctusError DUCTUS_SITE_MAPPING_FAILED that names the place of the message and nothing of its content
 */
export function siteSegments(
  change: NonNullable<SiteMapping['segments']>,
  own: readonly string[],
  position: number,
): readonly string[] {
  let changed: unknown;
  try {
    changed = change([...own]);
  } catch {
    // What a module throws may quote the message.
    throw failed(position, 'its function `segments` threw an error');
  }
  if (!isTexts(changed)) throw failed(position, 'its function `segments` gave no list of texts');
  const [msh = '', ...rest] = changed;
  const wrong = changed.findIndex((text) => !SEGMENT.test(text));
  if (wrong >= 0) throw failed(position, `segment ${wrong + 1} that it gave is none, or has a control character`);
  if (!msh.startsWith('MSH|^~\\&|')) throw failed(position, 'the first segment that it gave is not MSH with |^~\\&');
  if (rest.length === 0 || rest.some((text) => text.startsWith('MSH'))) {
    throw failed(position, 'it gave a message without segments after MSH, or with a second MSH');
  }
  const [before, after] = [own[0] ?? '', msh].map((text) => text.split('|'));
  // Split at the separator, MSH-10 is number 9 and MSH-18 number 17.
  if (after?.[9] !== '') throw failed(position, 'it filled MSH-10, which Ductus makes, or left MSH too short');
  if (after[17] !== before?.[17]) throw failed(position, 'it changed MSH-18; set hl7.characterSet instead');
  return changed;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

function failed(position: number, problem: string): DuctusError {
  return new DuctusError(
    'DUCTUS_SITE_MAPPING_FAILED',
    `The mapping module of the site failed at message ${position + 1} of the file: ${problem}.`,
    { details: { message: position + 1 } },
  );
}
