/**
 * The Temporal Web UI as an operator's desk, in Chromium: who is signed in reads payloads, and nobody else; every saved
 * view finds its work; the pages say where work stands and what to do.
 */
import { sql } from 'kysely';
import { savedViews, viewUrl } from '../../src/domain/saved-views';
import { openStore } from '../../src/store/database';
import type { Hospital } from '../support/ductus';
import { until } from '../support/until';
import { WebUi } from './desk';
import { playScene, type Scene } from './scene';

let ui: WebUi;
let hospital: Hospital;
let scene: Scene;
beforeAll(async () => {
  ui = await WebUi.start();
  hospital = await ui.hospital();
  scene = await playScene(hospital);
}, 120_000);
afterAll(async () => {
  await hospital[Symbol.asyncDispose]();
  await ui[Symbol.asyncDispose]();
});

const visit = () => ui.visitor(hospital.ductus.codecUrl ?? '');
/** Stands in the input of the workflow, in a field of its own. */
const CLEAR = '"notificationId"';

describe('the Temporal Web UI', () => {
  it('should show payloads to who is signed in, to nobody else, and no more after signing out', async () => {
    await using visitor = await visit();
    await visitor.openWorkflow(hospital, scene.parked, 'history');
    await visitor.says('encryption-key-id');
    expect(await visitor.text()).not.toContain(CLEAR);

    await visitor.signIn('nobody');
    await visitor.says('not a token of an operator');
    await visitor.signIn();
    await visitor.says('night-shift');
    await visitor.openWorkflow(hospital, scene.parked, 'history');
    await visitor.says(CLEAR);
    expect(await visitor.text()).not.toContain('encryption-key-id');

    await visitor.signOut();
    await visitor.says('Operator token');
    await visitor.openWorkflow(hospital, scene.parked, 'history');
    await visitor.says('encryption-key-id');
    expect(await visitor.text()).not.toContain(CLEAR);

    const store = openStore({ url: hospital.storeUrl, poolSize: 1 });
    try {
      const { rows } = await sql<{ kind: string; by: string; work: string | null }>`
        select distinct kind, by, work from audit_event where kind in ('payload-read', 'sign-in-failure')
      `.execute(store);
      expect(rows).toEqual(
        expect.arrayContaining([
          { kind: 'payload-read', by: 'night-shift', work: scene.parked },
          expect.objectContaining({ kind: 'sign-in-failure' }),
        ]),
      );
    } finally {
      await store.destroy();
    }
  }, 60_000);

  it.each([
    ['parked', () => scene.parked],
    ['retrying', () => scene.retrying],
    ['waiting', () => scene.waiting],
    ['destinations', () => scene.destination],
    ['duplicates', () => scene.duplicate],
    ['slow', () => undefined],
    ['ack-impossible', () => undefined],
    ['discarded', () => undefined],
    ['redeliveries', () => undefined],
    ['failed', () => undefined],
  ])('should find by the view "%s" what it is about, and nothing else', async (id, wanted) => {
    await using visitor = await visit();
    const view = savedViews(Date.now()).find((each) => each.id === id);
    const work = wanted();
    expect(await visitor.openList(viewUrl(ui.url, 'default', view?.query ?? ''))).toEqual(
      work === undefined ? [] : [work],
    );
    if (work !== undefined) await visitor.says(work);
  });

  it('should narrow a view down to an organization and a code', async () => {
    const count = async (filter: object): Promise<number> => {
      const [view] = savedViews(Date.now(), filter);
      return (await hospital.client.workflow.count(view?.query)).count;
    };
    const organization = hospital.organizationId;
    expect(await count({ organization, flow: 'data-sharing', code: 'DUCTUS_EMR_REJECTED' })).toBe(1);
    expect(await count({ organization: 'st-anna' })).toBe(0);
    expect(await count({ code: 'DUCTUS_EMR_AMBIGUOUS' })).toBe(0);
  });

  it('should say of each piece of work where it stands, why, and what to do', async () => {
    await using visitor = await visit();
    await visitor.signIn();
    await visitor.says('night-shift');
    const details = async (workflowId: string): Promise<string> => {
      await visitor.openWorkflow(hospital, workflowId, 'user-metadata');
      return until(async () => {
        // Markdown is shown in frames.
        const frames = visitor.page.frames().map((frame) =>
          frame
            .locator('body')
            .innerText()
            .catch(() => ''),
        );
        const text = (await Promise.all(frames)).join('\n');
        return /What to do|resume/.test(text) ? text : undefined;
      }, 15_000);
    };
    const parked = await details(scene.parked);
    expect(parked).toContain('Parked at step deliver since');
    expect(parked).toContain('DUCTUS_EMR_REJECTED');
    expect(parked).toContain(`ductus parked show ${scene.parked}`);
    const retrying = await details(scene.retrying);
    expect(retrying).toContain('Retrying step acknowledge to Roche since');
    expect(retrying).toContain('DUCTUS_ROCHE_UNREACHABLE');
    expect(retrying).toContain('Limit: parked at');
    expect(retrying).toContain('acknowledge: tell Roche');
    expect(await details(scene.waiting)).toContain(`Waiting for the destination ${hospital.destination}`);
    const held = await details(scene.destination);
    expect(held).toContain('Held by night-shift: EMR upgrade until 22:00');
  }, 60_000);
});
