/** Ductus, a Temporal server with its Web UI, and Chromium that looks at it as an operator does. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { z } from 'zod';
import { savedViews } from '../../src/domain/saved-views';
import { startEmbeddedTemporal, findTemporalBinary, type EmbeddedTemporal } from '../../src/runtime/embedded/temporal';
import { collectingLog } from '../support/collecting-log';
import { openHospital, startWorld, type Hospital, type HospitalOptions, type World } from '../support/ductus';
import { temporaryFolder } from '../support/temporary-folder';

/** The token of the operator who may read payloads. */
export const DECODER_TOKEN = 'planted-decoder-token';

/** A page of the Web UI, on a machine that does other things. */
const LIMIT_MS = 20_000;

const ListSchema = z.object({
  executions: z.array(z.object({ execution: z.object({ workflowId: z.string() }) })).default([]),
});

const COLUMNS = ['DuctusStage', 'DuctusErrorCode', 'Workflow ID', 'Start'];

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The Web UI, without anybody in front of it. */
export class WebUi implements AsyncDisposable {
  private constructor(
    readonly world: World,
    readonly url: string,
    private readonly temporal: EmbeddedTemporal,
    private readonly browser: Browser,
    private readonly folder: Disposable,
  ) {}

  static async start(): Promise<WebUi> {
    const executablePath = process.env['DUCTUS_TEST_BROWSER'] ?? BROWSERS.find((path) => existsSync(path));
    if (executablePath === undefined)
      throw new Error('no Chromium: install it, or name one in DUCTUS_TEST_BROWSER (apt-get install chromium)');
    const folder = temporaryFolder();
    const log = collectingLog();
    const binary = await findTemporalBinary({ log: log.info });
    const temporal = await startEmbeddedTemporal({ binary, dataDir: folder.path, port: 0, uiPort: 0, log });
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
    return new WebUi(await startWorld(temporal.address), temporal.uiUrl ?? '', temporal, browser, folder);
  }

  /** A hospital whose codec server this Web UI may ask. */
  async hospital(options: HospitalOptions = {}): Promise<Hospital> {
    return openHospital(this.world, {
      ...options,
      settings: {
        codec: { port: 0, origins: [this.url] },
        operators: [{ name: 'night-shift', token: { env: 'DECODER' }, rights: ['read', 'repair', 'decode'] }],
        ...options.settings,
      },
      secrets: { DECODER: DECODER_TOKEN, ...options.secrets },
    });
  }

  /** Somebody with a browser of their own, that knows the codec server. */
  async visitor(codecUrl: string): Promise<Visitor> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    // What the dialog behind the glasses icon keeps.
    await context.addInitScript((endpoint) => {
      localStorage.setItem('endpoint', JSON.stringify(endpoint));
      localStorage.setItem('includeCredentials', 'true');
      localStorage.setItem('overrideRemoteCodecConfiguration', 'true');
    }, codecUrl);
    // What "Save as New" and the wheel below the list keep.
    const saved = savedViews(Date.now()).map(({ id, query }) => ({ id, name: id, query, type: 'user' }));
    const columns = COLUMNS.map((label) => ({ label }));
    await context.addInitScript(
      ([views, labels]) => {
        localStorage.setItem('saved-workflow-queries', JSON.stringify({ default: views }));
        localStorage.setItem('namespace-workflow-table-columns', JSON.stringify({ default: labels }));
      },
      [saved, columns] as const,
    );
    context.setDefaultTimeout(LIMIT_MS);
    return new Visitor(context, await context.newPage(), this.url, codecUrl);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.world.stop();
    await this.temporal.stop();
    this.folder[Symbol.dispose]();
  }
}

export class Visitor implements AsyncDisposable {
  constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly ui: string,
    private readonly codecUrl: string,
  ) {}

  /** Signs in at the codec server, by its page. */
  async signIn(token = DECODER_TOKEN): Promise<void> {
    await this.page.goto(this.codecUrl);
    await this.page.getByLabel('Operator token').fill(token);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  async signOut(): Promise<void> {
    await this.page.goto(this.codecUrl);
    await this.page.getByRole('button', { name: 'Sign out' }).click();
  }

  /** Opens the page of the newest run of a workflow. @param part `history`, `user-metadata`, `pending-activities` */
  async openWorkflow(hospital: Hospital, workflowId: string, part: string): Promise<void> {
    const { runId } = await hospital.client.workflow.getHandle(workflowId).describe();
    await this.page.goto(`${this.ui}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/${part}`);
  }

  /** Opens a list. @returns the workflow ids that the server found for it */
  async openList(url: string): Promise<string[]> {
    const [answer] = await Promise.all([
      this.page.waitForResponse(
        (response) =>
          new URL(response.url()).pathname.endsWith('/workflows') && response.request().resourceType() === 'fetch',
      ),
      this.page.goto(url),
    ]);
    if (!answer.ok()) throw new Error(`the server refuses the query: ${await answer.text()}`);
    const { executions } = ListSchema.parse(await answer.json());
    return executions.map(({ execution }) => execution.workflowId);
  }

  /** Waits until the page says it. */
  async says(text: string): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /** What the page says now. */
  text(): Promise<string> {
    return this.page.locator('body').innerText();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }
}
