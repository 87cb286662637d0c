/** Which resource a field stands for, as an EI. */
import { ei } from './fields';

/** Namespace of the ids: they are Roche's, and Ductus is who vouches for them. */
export const NAMESPACE = 'DUCTUS';

const OBSERVATION = 'Observation/';

/**
 * OBX-21 (HL7 v2.6, whose fields v2.5.1 keeps free for it), OBR-3 and ORC-3: the same for every version of a resource, so
 * that the EMR finds what to correct or delete. An Observation goes by its id; other types carry their name
 * too, since ids are unique only within a type.
 * @param part names one of several segments for a resource; `#` is in no FHIR id, so it cannot be mistaken
 */
export function instanceIdentifier(reference: string, part = ''): string {
  if (reference.startsWith(OBSERVATION)) return ei(reference.slice(OBSERVATION.length) + part, NAMESPACE, undefined);
  const [, type = '', separator = '', rest = ''] = /^([A-Za-z]+)([/?])(.*)$/s.exec(reference) ?? [];
  if (separator === '') return ei(reference + part, NAMESPACE, undefined);
  const owner = type === 'Observation' ? '' : `${type}/`;
  if (separator === '/') return ei(owner + rest + part, NAMESPACE, undefined);
  const identifier = /^identifier=((?:[^\\|]|\\.)*)\|(.*)$/s.exec(rest);
  if (identifier === null) return ei(owner + rest.replace('sha256=', 'sha256-') + part, NAMESPACE, undefined);
  const [, escaped = '', value = ''] = identifier;
  const system = escaped.replace(/\\(.)/gs, '$1');
  return ei(owner + value + part, system === '' ? NAMESPACE : '', system);
}
