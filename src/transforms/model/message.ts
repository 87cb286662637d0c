/** What the writers make: one message for one destination, and what became of the rest of the file. */
import type { MessageControlId } from '../../domain/identifiers';
import type { EmrIdentity } from './profile';
import type { Item, ItemKind } from './item';
import type { DeliveryState } from './profile';
import type { SiteMapping } from './site-mapping';
import type { Trace } from './trace';

/** What a form of message needs beside the items. */
export interface WriteContext {
  /** Time of the notification, epoch milliseconds: MSH-7 and the like, since a transform has no clock. */
  readonly createdAtMs: number;
  /** Organization, notification and destination: what makes MSH-10 differ where the content is the same. */
  readonly seed: string;
  /** Called with the control id of each message: gives the trace that its fields go to. Absent: no lineage. */
  readonly traceOf?: ((position: number) => Trace) | undefined;
  readonly site?: SiteMapping | undefined;
}

/** Under which patient a destination has a resource, and as whom it knows the patients of the file: marks to compare. */
export interface Recipients {
  /** Mark of the patient, by reference of the resource. Absent: not known, and not compared. */
  readonly delivered: ReadonlyMap<string, string>;
  /** By patient key: the marks under which the destination may know this patient. */
  readonly marks: ReadonlyMap<string, readonly string[]>;
}

export interface MapContext extends WriteContext {
  readonly delivered: DeliveryState;
  /** References that an operator leaves out. */
  readonly leaveOut: ReadonlySet<string>;
  /** By patient key: the hospital's own numbers. Used when the selection's identity is `registry`. */
  readonly identities: ReadonlyMap<string, EmrIdentity>;
  /** Absent: nothing is compared. */
  readonly recipients?: Recipients | undefined;
  /**
   * Delivered before, and sent again after a fix of the mapping: what the destination has in this very version goes
   * once more, as a correction.
   */
  readonly redelivery: boolean;
  /**
   * First references of the items that are written; the others were selected and are left out of the messages. Applied
   * after the selection, so that a summary or the last of an hour stays what it is. Absent: all.
   */
  readonly only?: ReadonlySet<string> | undefined;
}

export type MessageForm = 'hl7' | 'fhir' | 'json';

export interface MappedMessage {
  /** MSH-10, or what stands for it in another form: a hash of content and seed. */
  readonly controlId: MessageControlId;
  readonly form: MessageForm;
  /** HL7: segments, each ended by CR. FHIR and JSON: a document. */
  readonly text: string;
  /** All resources that the message holds. */
  readonly references: readonly string[];
  /** Key of the patient. */
  readonly patient: string;
  /** Items by kind. */
  readonly kinds: Readonly<Partial<Record<ItemKind, number>>>;
}

/** Why a resource is not in a message. */
export type LeftOutReason =
  /** The destination has this very version. */
  | 'current'
  /** The destination, or the file, has a newer version. */
  | 'superseded'
  /** A deletion of what the destination never had. */
  | 'never-sent'
  | 'operator'
  /** The destination does not take this kind, or wants only the last of each hour. */
  | 'filtered'
  /** The site's mapping module left it out. */
  | 'site';

export interface Selection {
  readonly items: readonly Item[];
  readonly leftOut: readonly { readonly reference: string; readonly why: LeftOutReason }[];
  readonly unmapped: readonly { readonly reference: string; readonly type: string; readonly why: string }[];
  /** Elements that no mapping reads, as in `Observation.bodySite`, with how many resources have them. */
  readonly unread: Readonly<Record<string, number>>;
}

export interface MapResult extends Omit<Selection, 'items'> {
  readonly messages: readonly MappedMessage[];
  /** Items in the messages by kind. */
  readonly kinds: Readonly<Partial<Record<ItemKind, number>>>;
}
