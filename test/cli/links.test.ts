/** `ductus links`: the saved views of the Web UI as addresses. */
import { savedViews } from '../../src/domain/saved-views';
import { temporaryFolder } from '../support/temporary-folder';
import { ductus } from './ductus-command';
import { writtenConfig } from './written-config';

describe('ductus links', () => {
  it('should print an address for each view, of the embedded Web UI or of another', async () => {
    using folder = temporaryFolder();
    const { file, env } = writtenConfig(folder.path, {});
    const all = await ductus(['--config', file, '--json', 'links'], env);
    const lines = all.stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toHaveLength(savedViews(0).length);
    expect(lines[0]).toMatchObject({
      id: 'parked',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:8233\/namespaces\//),
    });

    const one = await ductus(
      ['--config', file, 'links', 'parked', '--organization', 'clinic', '--ui', 'https://temporal.hospital.example/'],
      env,
    );
    expect(one).toMatchObject({ status: 0, stderr: '' });
    expect(one.stdout).toContain(
      'https://temporal.hospital.example/namespaces/default/workflows?query=DuctusStage%20%3D%20%22parked%22%20AND%20' +
        'ExecutionStatus%20%3D%20%22Running%22%20AND%20DuctusOrganization%20%3D%20%22clinic%22',
    );
  });

  it('should refuse views and filters that there are not', async () => {
    using folder = temporaryFolder();
    const { file, env } = writtenConfig(folder.path, {});
    for (const args of [['nothing'], ['--code', 'NOT_ONE'], ['--flow', 'a" OR b'], ['--organization', 'a" OR b']]) {
      const { status, stdout, stderr } = await ductus(['--config', file, 'links', ...args], env);
      expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: '' });
      expect(stderr).not.toBe('');
    }
  });
});
