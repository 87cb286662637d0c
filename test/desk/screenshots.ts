/** `npm run screenshots`: the pictures of docs/operations, anew from a server with synthetic data. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { savedViews, viewUrl } from '../../src/domain/saved-views';
import { WebUi, type Visitor } from './desk';
import { playScene } from './scene';

const IMAGES = path.resolve(__dirname, '../../docs/images');
const LARGEST_BYTES = 200_000;

/** @param height of the part of the page that is worth its place */
async function take(visitor: Visitor, name: string, height: number): Promise<void> {
  const file = path.join(IMAGES, `desk-${name}.png`);
  await visitor.page.waitForLoadState('networkidle').catch(() => undefined);
  await visitor.page.screenshot({ path: file, clip: { x: 0, y: 0, width: 1280, height } });
  expect(statSync(file).size).toBeLessThan(LARGEST_BYTES);
}

it('should take the pictures of docs/operations', async () => {
  await using ui = await WebUi.start();
  await using hospital = await ui.hospital();
  const scene = await playScene(hospital);
  await using visitor = await ui.visitor(hospital.ductus.codecUrl ?? '');

  const [parked] = savedViews(Date.now());
  await visitor.page.goto(viewUrl(ui.url, 'default', parked?.query ?? ''));
  await visitor.says('DUCTUS_EMR_REJECTED');
  await take(visitor, 'parked', 700);

  await visitor.signIn();
  await visitor.says('night-shift');
  await visitor.openWorkflow(hospital, scene.parked, 'user-metadata');
  await visitor.page.frameLocator('iframe[src*="Parked"]').getByText('Parked').first().waitFor();
  await take(visitor, 'details', 820);

  await visitor.openWorkflow(hospital, scene.retrying, 'user-metadata');
  await visitor.page.frameLocator('iframe[src*="Retrying"]').getByText('Retrying').first().waitFor();
  await take(visitor, 'retrying', 820);

  await visitor.openWorkflow(hospital, scene.parked, 'history');
  await visitor.says('"notificationId"');
  await take(visitor, 'payloads', 820);
}, 180_000);
