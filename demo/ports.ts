/** Ports: those that people know from Ductus and Temporal where they are free, others where they are not. */
import { freePort, isFree } from '../src/runtime/embedded/ports';
import { ORGANIZATIONS } from './organizations';

export interface DemoPorts {
  readonly api: number;
  readonly temporal: number;
  readonly temporalUi: number;
  readonly codec: number;
  readonly rocheControl: number;
  readonly emrControl: number;
  /** MLLP of each hospital's HIS, in the order of `ORGANIZATIONS`; 0: any free one. */
  readonly his: readonly number[];
}

const WANTED: DemoPorts = {
  api: 8080,
  temporal: 7233,
  temporalUi: 8233,
  codec: 8234,
  rocheControl: 8090,
  emrControl: 8091,
  // IANA has 2575 for HL7.
  his: ORGANIZATIONS.map((_, index) => 2575 + index),
};

/** The usual ports, each replaced by a free one where something listens on it. */
export async function usualPorts(): Promise<DemoPorts> {
  const orOther = async (port: number): Promise<number> => ((await isFree(port)) ? port : freePort());
  return {
    api: await orOther(WANTED.api),
    temporal: await orOther(WANTED.temporal),
    temporalUi: await orOther(WANTED.temporalUi),
    codec: await orOther(WANTED.codec),
    rocheControl: await orOther(WANTED.rocheControl),
    emrControl: await orOther(WANTED.emrControl),
    his: await Promise.all(WANTED.his.map(orOther)),
  };
}

/** Any free ports, chosen by the operating system when they are opened: several runs can go on beside each other. */
export const ANY_PORTS: DemoPorts = {
  api: 0,
  temporal: 0,
  temporalUi: 0,
  codec: 0,
  rocheControl: 0,
  emrControl: 0,
  his: [],
};
