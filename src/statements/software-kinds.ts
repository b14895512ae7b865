import { stem } from '../english/words.ts';
import { isNumber } from './words.ts';

/*
 * Well-known software by kind. A new value of another kind is an addition: "the gateway uses OpenTelemetry now" leaves "the gateway uses Kong"
 * true. Some software is of several kinds. Names that are not listed are of no known kind, and are never kept apart by it.
 */
const NAMES: Readonly<Record<string, string>> = {
  database:
    'postgres postgresql mysql mariadb sqlite mongodb cassandra dynamodb cockroachdb oracle mssql firestore couchdb neo4j falkordb clickhouse redshift snowflake bigquery duckdb scylladb timescaledb cosmosdb aurora influxdb redis valkey elasticsearch opensearch',
  cache: 'redis valkey memcached dragonfly dragonflydb keydb garnet hazelcast',
  broker: 'kafka rabbitmq nats redis valkey activemq sqs pulsar redpanda kinesis mosquitto',
  search: 'elasticsearch opensearch solr meilisearch typesense algolia',
  proxy: 'nginx apache caddy traefik envoy haproxy kong varnish',
  orchestrator: 'kubernetes k3s nomad openshift ecs swarm mesos',
  container: 'docker podman containerd buildah',
  host: 'heroku fly fly.io render vercel netlify aws gcp azure hetzner digitalocean railway cloudflare_pages github_pages gitlab_pages',
  ci: 'jenkins travis circleci teamcity bamboo buildkite drone bitrise github_actions gitlab_ci azure_pipelines',
  observation:
    'opentelemetry prometheus graphite datadog sentry glitchtip rollbar jaeger zipkin tempo loki newrelic splunk statsd nagios zabbix influxdb cloudwatch mimir victoriametrics honeycomb graylog loggly papertrail elasticsearch opensearch clickhouse',
  runtime:
    'node node.js deno bun python ruby php perl java jdk jvm go golang rust scala kotlin elixir erlang typescript javascript swift',
  framework:
    'react vue angular svelte ember solid preact django flask fastapi rails laravel spring express fastify nestjs next.js nuxt phoenix',
  bundler: 'webpack vite rollup rolldown parcel esbuild gulp grunt turbopack',
  packages: 'npm pnpm yarn bun deno pip poetry uv pipenv conda cargo composer',
  tests: 'jest vitest mocha jasmine karma pytest junit rspec cypress playwright selenium detox',
  linter: 'eslint biome oxlint prettier ruff pylint flake8 rubocop tslint black',
  secrets: 'vault doppler infisical 1password bitwarden aws_secrets_manager secrets_manager',
  infrastructure: 'terraform opentofu pulumi ansible puppet chef cloudformation',
  system: 'linux debian ubuntu alpine centos fedora rhel windows macos freebsd android ios',
  chat: 'slack mattermost zulip discord teams rocket.chat',
  design: 'figma sketch penpot',
  documents: 'notion confluence obsidian',
  issues: 'jira linear trello asana youtrack',
  mail: 'sendgrid postmark mailgun mailchimp ses',
  payment: 'stripe adyen mollie paypal braintree klarna worldpay',
  build: 'gradle maven bazel sbt cmake meson buck2',
  objects:
    's3 amazon_s3 cloudflare_r2 google_cloud_storage azure_blob_storage backblaze_b2 minio gcs r2 b2 ceph seaweedfs',
  site: 'mkdocs docusaurus sphinx hugo jekyll starlight',
  editor: 'vim neovim emacs helix vscode',
};
/** Words of a name are joined by `_` in the list. */
const stemsOfName = (name: string): string => name.split('_').map(stem).join(' ');
const KINDS = new Map<string, Set<string>>();
for (const [kind, names] of Object.entries(NAMES))
  for (const name of names.split(' ').map(stemsOfName)) KINDS.set(name, (KINDS.get(name) ?? new Set()).add(kind));

/** Whether both values are well-known software of one kind; undefined if one of them is not known. Words are stems. */
export function areOfOneKind(one: readonly string[], other: readonly string[]): boolean | undefined {
  const [a, b] = [one, other].map((value) => kindsOf(value));
  return a && b && [...a].some((kind) => b.has(kind));
}

/** Undefined for "AWS Secrets Manager" and any other name that is not listed. */
function kindsOf(value: readonly string[]): ReadonlySet<string> | undefined {
  return KINDS.get(value.filter((term) => !isNumber(term)).join(' '));
}

const STORES = ['database', 'cache', 'search', 'broker', 'objects'];

/** Whether both are well-known software in which data can be kept. Words are stems. */
export function areStores(...values: readonly (readonly string[])[]): boolean {
  return values.every((value) => STORES.some((kind) => kindsOf(value)?.has(kind)));
}
