/**
 * The Roche simulator as a process for benchmarks: as simulators/main.ts runs it, and with files that are made before
 * the clock runs. A bundle of 12,000 readings takes a quarter of a second to make, in which nobody is answered.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { writeCertificates } from '../simulators/certificates';
import { listenForControl } from '../simulators/control-server';
import { createRocheControl } from '../simulators/roche-dc/control';
import { RocheOptionsSchema } from '../simulators/roche-dc/options';
import { RocheSimulator } from '../simulators/roche-dc/roche-simulator';
import { bgBundle } from '../simulators/roche-dc/sample-data';
import type { Ready } from '../simulators/ready';

const FileSchema = RocheOptionsSchema.extend({ certificates: z.string() });
const PrepareSchema = z.strictObject({ patient: z.number().int(), count: z.number().int(), seed: z.number().int() });
const ShareSchema = z.strictObject({
  patient: z.number().int(),
  organization: z.string(),
  option: z.enum(['access-point', 'presigned-url']),
});

async function main(configFile: string): Promise<void> {
  const { certificates, ...options } = FileSchema.parse(JSON.parse(readFileSync(configFile, 'utf8')));
  const simulator = new RocheSimulator(options, await writeCertificates(certificates));
  await simulator.start();
  const prepared = new Map<number, Buffer>();
  const control = createRocheControl(simulator);
  control.post('/prepare', (call) => {
    const sample = PrepareSchema.parse(call.body);
    const bytes = Buffer.from(JSON.stringify(bgBundle(sample)));
    prepared.set(sample.patient, bytes);
    return { bytes: bytes.length };
  });
  control.post('/share-prepared', async (call) => {
    const { patient, ...request } = ShareSchema.parse(call.body);
    const bundle = prepared.get(patient);
    if (bundle === undefined) throw new Error(`no file was prepared for patient ${String(patient)}`);
    prepared.delete(patient);
    return simulator.share({ ...request, bundle });
  });
  const controlUrl = await listenForControl(control, 0);
  const { seed, servicesUrl, fhirUrl, s3Endpoint } = simulator;
  const ready: Ready = { simulator: 'roche', pid: process.pid, seed, servicesUrl, fhirUrl, s3Endpoint, controlUrl };
  process.stdin.resume().once('end', () => process.exit(0));
  process.once('SIGTERM', () => process.exit(0));
  console.log(JSON.stringify(ready));
}

// As the simulators' own program: `roche --config <file>`.
const configFile = process.argv[4];
if (configFile === undefined) throw new Error('usage: roche-process roche --config <file>');
main(configFile).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
