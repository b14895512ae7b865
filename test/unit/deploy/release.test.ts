import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readYaml, type Yaml } from '../../support/yaml.ts';

const file = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

/** Only the members that a test names are relied on. */
// biome-ignore lint/suspicious/noExplicitAny: a workflow has many shapes, and a wrong one fails its test.
type Workflow = any;

const { on, jobs }: Workflow = readYaml(file('.github/workflows/release.yml')) as Yaml;
const { scripts, name } = JSON.parse(file('package.json'));
const commandsOf = (job: string): string[] => jobs[job].steps.flatMap(({ run }: { run?: string }) => run ?? []);
const stepOf = (job: string, action: string) =>
  jobs[job].steps.find(({ uses = '' }: { uses?: string }) => uses.startsWith(`${action}@`));

test('a push to main turns changesets into a pull request, and only a tag publishes', () => {
  expect(on.push).toEqual({ branches: ['main'], tags: ['v*'] });
  expect(jobs.version.if).toBe("github.ref_type == 'branch'");
  expect(jobs.release.if).toBe("github.ref_type == 'tag'");
  expect(jobs.image.if).toMatch(/^github\.ref_type == 'tag' && /);
  expect(stepOf('version', 'changesets/action').with.version).toBe('npm run version-packages');
  expect(jobs.version.permissions).toEqual({ contents: 'write', 'pull-requests': 'write' });
});

test('the version is raised in every place that contains it', () => {
  const steps = scripts['version-packages'].split(' && ');

  expect(scripts.changeset).toMatch(/--package=@changesets\/cli@\d+\.\d+\.\d+ -- changeset$/);
  expect(steps).toEqual([
    'npm run changeset -- version',
    'npm install --package-lock-only --ignore-scripts',
    'node scripts/complete-lock.mjs',
    'npm run generate',
  ]);
});

test('changesets raise the version of this package, which is private until its first release', () => {
  expect(JSON.parse(file('.changeset/config.json'))).toMatchObject({
    baseBranch: 'main',
    access: 'public',
    privatePackages: { version: true },
  });
  expect(file('.changeset/first-release.md')).toContain(`"${name}": minor`);
});

test('a release passes CI and the checks of the package before it is published with provenance and an SBOM', () => {
  const commands = commandsOf('release');

  expect(commands.map((command) => command.split(' ').slice(0, 3).join(' '))).toEqual([
    'test "$GITHUB_REF_NAME" =',
    '.ci/run',
    'npm run package',
    'npm sbom --omit=dev',
    'npm publish --provenance',
    'gh release create',
  ]);
  expect(commands.at(-1)).toContain('sbom.cdx.json');
  expect(jobs.release.permissions).toEqual({ contents: 'write', 'id-token': 'write' });
});

test('the image is built for both platforms after the release, with provenance and an SBOM', () => {
  const build = stepOf('image', 'docker/build-push-action').with;

  expect(jobs.image.needs).toBe('release');
  expect(build.platforms.split(',')).toEqual(['linux/amd64', 'linux/arm64']);
  expect(build).toMatchObject({ push: 'true', provenance: 'mode=max', sbom: 'true' });
  expect(file('Dockerfile')).toContain('FROM --platform=$BUILDPLATFORM');
});
