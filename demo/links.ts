/** What a reader can open and type while the demo runs. */
import path from 'node:path';
import type { Display } from './display';
import type { DuctusProcess } from './ductus-process';
import type { DemoFolder } from './folder';
import { ORGANIZATIONS, ST_MARIEN } from './organizations';

/** The folder's `ductus` as the reader types it in the folder where the demo was started. */
export function typedCommand(folder: DemoFolder): string {
  return typedPath(folder.command);
}

/** The next message is refused for its content. */
const REFUSAL = JSON.stringify({ answer: { kind: 'AE', errorCode: '102', errorText: 'no such ward' } });

/** List of workflows in the Temporal Web UI. @param query in Temporal's list filter language */
export function workflowsUrl(ui: string, query: string): string {
  return `${ui}/namespaces/default/workflows?query=${encodeURIComponent(query)}`;
}

/** Page of one workflow in the Temporal Web UI. */
export function workflowUrl(ui: string, workflowId: string): string {
  return `${ui}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
}

/** Control APIs of the simulators. */
export interface ControlUrls {
  readonly roche: string;
  readonly emr: string;
}

/** Where to look while the day goes on. */
export function uiLinks(display: Display, { temporalUi, codecUrl }: DuctusProcess, folder: DemoFolder): string[] {
  if (temporalUi === undefined) return [];
  return lines(display, [
    ['Temporal Web UI', workflowsUrl(temporalUi, 'DuctusFlow="data-sharing"')],
    ['  patients', workflowsUrl(temporalUi, 'DuctusFlow="patient-sync"')],
    ['  what is parked', workflowsUrl(temporalUi, 'DuctusStage="parked"')],
    ...(codecUrl === undefined
      ? []
      : [
          [
            '  read its payloads',
            `sign in at ${codecUrl} with the token in ${typedPath(folder.operatorToken)}`,
          ] as const,
        ]),
  ]);
}

/** Everything that a reader can do afterwards. */
export function links(display: Display, ductus: DuctusProcess, folder: DemoFolder, control: ControlUrls): string[] {
  const command = typedCommand(folder);
  const sample = JSON.stringify({
    organization: ST_MARIEN.emrOid,
    option: 'access-point',
    sample: { patient: 7, count: 20, seed: 1 },
  });
  return [
    ...uiLinks(display, ductus, folder),
    ...lines(display, [
      ['health, metrics', `${ductus.url}/health/ready  ${ductus.url}/metrics`],
      ['parked work', `${command} parked list`],
      ['patients', `${command} patients list`],
      ['your own ADT', `MLLP on ${mllpDoors(ductus)}`],
      ['destinations', `${command} destinations list`],
      ['your own bundle', 'npm start -- --send my-bundle.json'],
      ['  or a made-up one', `curl ${JSON_BODY} -d '${sample}' ${control.roche}/share`],
      ['make the EMR refuse', `curl ${JSON_BODY} -d '${REFUSAL}' ${control.emr}/script`],
      ['kill Ductus', `kill -9 ${String(ductus.pid)}   (it is started again, and nothing is lost)`],
      ['configuration, log', `${typedPath(folder.config)}  ${typedPath(folder.log)}`],
    ]),
  ];
}

function mllpDoors({ mllpPorts }: DuctusProcess): string {
  return ORGANIZATIONS.map(({ id, his }) => `127.0.0.1:${String(mllpPorts.get(his.listener) ?? 0)} (${id})`).join(', ');
}

const JSON_BODY = "-H 'content-type: application/json'";

function lines(display: Display, rows: readonly (readonly [label: string, text: string])[]): string[] {
  return rows.map(([label, text]) => `  ${display.style('bold', label.padEnd(22))}${text}`);
}

/** A path from where the demo was started; whole where it lies elsewhere. */
export function typedPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
