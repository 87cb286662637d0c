/**
 * Makes `dist/workflow-bundle.js`: a worker that bundles at its start is slower and larger, and two workers of one
 * version must run the same code. Runs compiled, on compiled files.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';

const DIST = join(__dirname, '..');

async function main(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(DIST, 'src/workflows/index.js'),
    workflowInterceptorModules: [join(DIST, 'src/workflows/traces.js')],
    // As in src/runtime/codec/data-converter.ts; payloads are converted by the SDK's own converter.
    failureConverterPath: join(DIST, 'src/runtime/codec/failure-converter.js'),
    logger: new DefaultLogger('WARN'),
  });
  writeFileSync(join(DIST, 'workflow-bundle.js'), code);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
