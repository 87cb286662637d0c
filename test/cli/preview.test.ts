import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleBytes, glucose, PATIENT } from '../transforms/fhir-bundle/bundles';
import { temporaryFolder } from '../support/temporary-folder';
import { ductus } from './ductus-command';
import { writtenConfig } from './written-config';

const EXAMPLE = 'examples/bundle.json';

/** Lines of a JSON answer: the messages, and the summary that comes last. */
function read(stdout: string) {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { messages: lines.slice(0, -1), summary: lines.at(-1) };
}

describe('ductus preview', () => {
  it('should show each field with its element and its rule, without a configuration', async () => {
    const { status, stdout, stderr } = await ductus(['preview', EXAMPLE]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Message 1 of 1 (hl7): 2 glucose\n  MSH|^~\\&|DUCTUS|');
    expect(stdout).toMatch(/^ {4}OBX-5 {2}104 ← Bundle\.entry\[1\]\.resource\.valueQuantity\.value \(obx-5: .+\)$/m);
    expect(stdout).toMatch(/^ {4}OBX\[2\]-5 {2}98 ← Bundle\.entry\[2\]\.resource\.valueQuantity\.value \(obx-5: /m);
    expect(stdout).toMatch(/^ {4}MSH-3 {2}DUCTUS ← .+ \(msh-3: /m);
    expect(stdout).toContain('Left out:\n  Observation/bg0  Bundle.entry[3].resource: never-sent');
  });

  it('should name a reason for every field of every form', async () => {
    for (const form of ['hl7', 'fhir', 'json']) {
      const { status, stdout } = await ductus(['preview', EXAMPLE, '--form', form]);
      expect(status).toBe(0);
      const fields = stdout.split('\n').filter((line) => line.includes(' ← '));
      expect(fields.length).toBeGreaterThan(2);
      expect(fields.filter((line) => !/\([a-z0-9-]+: .+\)$/.test(line))).toEqual([]);
    }
  });

  it('should show documents with indents and with the digits of their numbers', async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, 'bundle.json');
    const valueQuantity = { value: 'NUMBER(5.0)', unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' };
    writeFileSync(file, bundleBytes([PATIENT, glucose({ valueQuantity })]));
    const { stdout } = await ductus(['preview', file, '--form', 'fhir', '--no-lineage']);
    expect(stdout).toMatch(/^ +"value": 5\.0,$/m);
    expect(stdout).not.toContain(' ← ');
  });

  it('should give the same messages again, and JSON lines for programs', async () => {
    const [first, again] = await Promise.all([1, 2].map(() => ductus(['--json', 'preview', EXAMPLE])));
    expect(again).toEqual(first);
    const { messages, summary } = read(first?.stdout ?? '');
    expect(messages).toEqual([
      expect.objectContaining({
        form: 'hl7',
        controlId: expect.stringMatching(/^[A-Z2-7]{20}$/),
        references: ['Observation/bg1', 'Observation/bg2'],
        lineage: expect.arrayContaining([
          { target: 'OBX-5', text: '104', rule: 'obx-5', from: ['Bundle.entry[1].resource.valueQuantity.value'] },
        ]),
      }),
    ]);
    expect(summary).toEqual({
      messages: 1,
      kinds: { glucose: 2 },
      leftOut: [{ reference: 'Observation/bg0', why: 'never-sent', path: 'Bundle.entry[3].resource' }],
      unmapped: [],
      unread: {},
    });
  });

  it('should show what has no mapping, and what no mapping reads', async () => {
    using folder = temporaryFolder();
    const file = path.join(folder.path, 'bundle.json');
    const goal = { resourceType: 'Goal', id: 'g', subject: { reference: 'Patient/p1' } };
    writeFileSync(file, bundleBytes([PATIENT, glucose({ bodySite: { text: 'finger' } }), goal]));
    const { stdout } = await ductus(['preview', file]);
    expect(stdout).toMatch(/Without a mapping:\n {2}Goal\/g {2}Bundle\.entry\[2\]\.resource: .+/);
    expect(stdout).toMatch(
      /Elements that no mapping reads, and in how many resources:\n {2}Observation\.bodySite.*: 1/,
    );
  });

  it('should name the element that is wrong', async () => {
    using folder = temporaryFolder();
    const bundle = path.join(folder.path, 'bundle.json');
    writeFileSync(bundle, JSON.stringify({ resourceType: 'Bundle', entry: 5 }));
    const wrong = await ductus(['preview', bundle]);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toMatch(/entry.*\n.*DUCTUS_BUNDLE_INVALID/);
    const report = path.join(folder.path, 'report.xml');
    writeFileSync(report, '\ufeff<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"/>');
    const cda = await ductus(['preview', report]);
    expect(cda.status).toBe(1);
    expect(cda.stderr).toContain('DUCTUS_REPORT_INVALID');
    expect(await ductus(['preview', path.join(folder.path, 'none.json')])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('none.json cannot be read'),
    });
  });

  it('should use profile, code maps and module of a destination', async () => {
    using folder = temporaryFolder();
    const at = (file: string): string => path.resolve(__dirname, '../../examples', file);
    const mapping = { codeMaps: [at('glucose.codes.yaml')], module: at('site-mapping/mapping.ts') };
    const { file, env } = writtenConfig(folder.path, mapping, { hl7: { receivingApplication: 'ORBIS' } });
    const { status, stdout, stderr } = await ductus(
      ['--config', file, '--json', 'preview', EXAMPLE, '--destination', 'emr'],
      env,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { messages, summary } = read(stdout);
    expect(messages[0]?.text).toMatch(/^MSH\|\^~\\&\|DUCTUS\|ROCHE\|ORBIS\|/);
    expect(messages[0]?.text).toContain('|GLU-POC^Glucose point of care (mg/dL)^99LAB^41653-7^');
    expect(messages[0]?.text).toMatch(/\rZDM\|1\|DIABETES\r$/);
    expect(summary?.leftOut).toContainEqual({
      reference: 'Observation/bg2',
      why: 'site',
      path: 'Bundle.entry[2].resource',
    });
  });

  it('should say which destination it does not know, and which of several it needs', async () => {
    using folder = temporaryFolder();
    const { file, env } = writtenConfig(folder.path, {});
    const preview = (...args: string[]) => ductus(['--config', file, 'preview', EXAMPLE, ...args], env);
    expect((await preview()).stderr).toContain('name one with --organization');
    expect((await preview('--organization', 'ward')).stderr).toContain('name one with --destination');
    expect((await preview('--destination', 'none')).stderr).toContain('No organization of the configuration fits');
    const spare = await preview('--destination', 'spare');
    expect(spare).toMatchObject({ status: 0, stderr: '' });
    expect(spare.stdout).toContain('a preview does not ask the registry');
    expect((await ductus(['preview', EXAMPLE, '--destination', 'emr'])).status).toBe(3);
  });
});
