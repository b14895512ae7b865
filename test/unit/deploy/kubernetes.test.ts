import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { QueueKeys } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { STORE_QUEUE } from '../../../src/queue/jobs.ts';
import { SETTINGS, type SettingName } from '../../../src/settings.ts';
import { WORKER_ROLES } from '../../../workers/main.ts';
import { readDocuments, type Yaml } from '../../support/yaml.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = `${ROOT}deploy/kubernetes/`;
const file = (name: string) => readFileSync(`${ROOT}${name}`, 'utf8');

/** A manifest; only the members that a test names are relied on. */
// biome-ignore lint/suspicious/noExplicitAny: manifests have many shapes, and a wrong one fails its test.
type Manifest = any;

const manifests: Manifest[] = readdirSync(FOLDER)
  .filter((name) => name !== 'kustomization.yaml')
  .flatMap((name) => readDocuments(readFileSync(FOLDER + name, 'utf8')) as Yaml[]);
const ofKind = (kind: string): Manifest[] => manifests.filter((manifest) => manifest.kind === kind);
const named = (kind: string, name: string): Manifest => ofKind(kind).find(({ metadata }) => metadata.name === name);

const settings: Record<string, string> = named('ConfigMap', 'memory-manager').data;
const deployments = ofKind('Deployment').map((deployment): [string, Manifest] => [
  deployment.metadata.name,
  deployment,
]);
const rolesOf = (deployment: Manifest): string[] => {
  const [command, option, roles] = deployment.spec.template.spec.containers[0].args;
  expect([command, option]).toEqual(['worker', '--roles']);
  return roles.split(',');
};

test('every file is part of the kustomization', () => {
  const [kustomization] = readDocuments(readFileSync(`${FOLDER}kustomization.yaml`, 'utf8')) as Manifest[];

  expect([...kustomization.resources, 'kustomization.yaml'].sort()).toEqual(readdirSync(FOLDER).sort());
});

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
test.skipIf(!hasKubectl)('kubectl renders every manifest', () => {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', FOLDER], { encoding: 'utf8' });

  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout.match(/^kind: /gm)?.length).toBe(manifests.length);
});

test('every setting exists and has a valid value; addresses and ports are the server defaults', () => {
  for (const [name, value] of Object.entries(settings)) {
    expect(Object.keys(SETTINGS)).toContain(name);
    expect(SETTINGS[name as SettingName].shape.safeParse(value).success, name).toBe(true);
  }
  for (const name of [
    'VALKEY_PORT',
    'FALKORDB_PORT',
    'MEMORY_HEALTH_PORT',
    'MEMORY_QUEUE_PREFIX',
    'MEMORY_CONCURRENCY',
  ] as const)
    expect(settings[name], name).toBe(SETTINGS[name].fallback);
});

test('the deployments cover every worker role exactly once', () => {
  expect(deployments.flatMap(([, deployment]) => rolesOf(deployment)).sort()).toEqual([...WORKER_ROLES].sort());
});

describe.each(deployments)('the deployment %s', (name, deployment) => {
  const { template, selector } = deployment.spec;
  const pod = template.spec;
  const [container] = pod.containers;

  test('takes secrets from the Secret and only non-secret values from the ConfigMap', () => {
    for (const { name: setting, valueFrom } of container.env) {
      expect(Object.keys(SETTINGS)).toContain(setting);
      expect(valueFrom.secretKeyRef).toMatchObject({ name: 'memory-manager', key: setting });
    }
    const secret = Object.entries(SETTINGS).flatMap(([setting, { secret }]: [string, { secret?: true }]) =>
      secret ? [setting] : [],
    );
    expect(Object.keys(settings).filter((setting) => secret.includes(setting))).toEqual([]);
    expect(container.envFrom).toEqual([{ configMapRef: { name: 'memory-manager' } }]);
  });

  test('is probed at /live and /ready, at the configured port', () => {
    expect(container.ports).toEqual([{ name: 'health', containerPort: settings.MEMORY_HEALTH_PORT }]);
    const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => container[probe].httpGet);
    expect(paths).toEqual([
      { path: '/live', port: 'health' },
      { path: '/live', port: 'health' },
      { path: '/ready', port: 'health' },
    ]);
    // `/ready` takes up to 2 s.
    expect(Number(container.readinessProbe.timeoutSeconds)).toBeGreaterThan(2);
  });

  test('has the same grace period as the Compose worker', () => {
    const [, seconds] = /^ {4}stop_grace_period: (\d+)s$/m.exec(file('docker-compose.yml')) ?? [];

    expect(pod.terminationGracePeriodSeconds).toBe(seconds);
  });

  test('runs unprivileged and writes only to its volumes', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: 'true', runAsUser: '1000' });
    expect(pod.automountServiceAccountToken).toBe('false');
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: 'false',
      readOnlyRootFilesystem: 'true',
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.volumes).toEqual([
      { name: 'data', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
    ]);
    const mounts: string[] = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
    expect(mounts).toEqual(['/data', '/tmp']);
    // A volume belongs to root, and a worker refuses a home that belongs to another user.
    expect(settings.MEMORY_HOME).toMatch(/^\/data\/\w+$/);
    expect(mounts).not.toContain(settings.MEMORY_HOME);
  });

  test('is selected by its own labels and by its disruption budget', () => {
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    expect(deployment.metadata.labels).toEqual(selector.matchLabels);
    expect(named('PodDisruptionBudget', name).spec).toEqual({ maxUnavailable: '1', selector });
    expect(pod.topologySpreadConstraints[0].labelSelector).toEqual(selector);
  });

  test('has two replicas for the schedule role, otherwise as many as KEDA sets', () => {
    const isScaled = named('ScaledObject', name) !== undefined;

    expect(deployment.spec.replicas).toBe(isScaled ? undefined : '2');
    expect(isScaled).toBe(rolesOf(deployment).includes('store'));
  });
});

test('KEDA counts the BullMQ keys, at the configured address', () => {
  const { scaleTargetRef, triggers } = named('ScaledObject', 'store-worker').spec;
  const keys = new QueueKeys(settings.MEMORY_QUEUE_PREFIX).getKeys(STORE_QUEUE);
  const { secretTargetRef } = named('TriggerAuthentication', 'valkey').spec;

  expect(deployments.map(([name]) => name)).toContain(scaleTargetRef.name);
  expect(triggers.map(({ metadata }: Manifest) => metadata.listName)).toEqual([keys.wait, keys.active, keys.delayed]);
  for (const { type, metadata, authenticationRef } of triggers) {
    expect(type).toBe('redis');
    expect(metadata.address).toBe(`${settings.VALKEY_HOST}:${settings.VALKEY_PORT}`);
    expect(metadata.enableTLS).toBe(settings.VALKEY_TLS);
    expect(Number(metadata.listLength) % Number(settings.MEMORY_CONCURRENCY)).toBe(0);
    expect(authenticationRef).toEqual({ name: 'valkey' });
  }
  expect(secretTargetRef).toEqual([{ parameter: 'password', name: 'memory-manager', key: 'VALKEY_PASSWORD' }]);
});

test('the network policy opens the health port and the ports of both stores', () => {
  const { podSelector, ingress, egress } = named('NetworkPolicy', 'memory-manager').spec;
  const ports = (rules: Manifest[]) => rules.flatMap((rule) => rule.ports.map(({ port }: Manifest) => port));

  expect(ports(ingress)).toEqual([settings.MEMORY_HEALTH_PORT]);
  expect(ports(egress)).toEqual(['53', '53', settings.VALKEY_PORT, settings.FALKORDB_PORT, '443']);
  for (const [, { spec }] of deployments) expect(spec.template.metadata.labels).toMatchObject(podSelector.matchLabels);
});

test('the page creates every secret that a pod needs', () => {
  const page = file('docs/kubernetes.md');
  const needed = deployments
    .flatMap(([, { spec }]): Manifest[] => spec.template.spec.containers[0].env)
    .map(({ name }) => name);

  expect(needed.filter((name) => !page.includes(`--from-literal=${name}=`))).toEqual([]);
});
