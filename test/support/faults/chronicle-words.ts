/** The vocabulary of a chronicle. */
const listed = (text: string): string[] => text.split(',').map((words) => words.trim());

export const PEOPLE = listed(
  `Mira Okafor, Jonas Lindqvist, Aiko Tanaka, Pedro Alvarez, Ruth Abrams, Samir Haddad, Lena Fischer, Tomasz Nowak, Grace Mbeki,
  Oleg Sorokin, Priya Raman, Dylan Hughes, Ines Carvalho, Marek Dvorak, Fatima Zahra, Noah Bergman, Chiara Conti, Yusuf Demir,
  Elin Strand, Kofi Mensah, Hanna Virtanen, Luca Moretti, Nadia Petrova, Owen Gallagher, Sofia Herrera, Viktor Balogh, Zoe Laurent,
  Ibrahim Diallo, Freya Jensen, Mateo Rojas, Anika Sharma, Declan Byrne, Leila Farahani, Hugo Marchand, Tessa Vermeer, Ravi Menon`,
);
export const TEAMS = listed(
  'Platform, Payments, Discovery, Identity, Logistics, Insights, Messaging, Storefront, Reliability',
);
export const TOOLS = listed(
  `Redis, Valkey, Postgres, Kafka, RabbitMQ, Nginx, Envoy, Prometheus, Grafana, Terraform, Ansible, Vault, Consul, Docker, Podman,
  Elasticsearch, ClickHouse, MinIO, Traefik, Keycloak, Airflow, Temporal, Sentry, Jaeger, Istio, Cassandra, SQLite, Memcached`,
);
export const PURPOSES = listed(
  `session storage, rate limiting, audit log, nightly report, search suggestions, payment retry, image thumbnails, feature flags,
  invoice archive, address lookup, fraud scoring, push notifications, password reset, price import, stock reservation,
  currency table, delivery tracking, customer export, coupon check, tax calculation, login history, newsletter queue`,
);
export const PARTS = listed(
  `connection pool, retry loop, date parser, token cache, schema migration, upload handler, scheduler, template engine, webhook,
  pagination, health probe, thread pool, serializer, routing table, lock manager, import script, metrics exporter, mail gateway,
  configuration loader, garbage collector, index builder, request validator`,
);
export const SYMPTOMS = listed(
  `memory leak, slow start, lost update, broken page count, stale answer, wrong time zone, flaky login, double charge, deadlock,
  missing receipt, truncated file, endless redirect, empty digest, negative balance, garbled umlaut, expired certificate,
  duplicate mail, crash on rotation, silent timeout, corrupt thumbnail, off-by-one total, unbounded backlog`,
);
export const REMEDIES = listed(
  `a smaller buffer, an index on the date, an idempotent key, a longer timeout, backoff with jitter, a lock around the write,
  a bounded queue, a checksum, a warm standby, an explicit flush, a stricter parser, a monotonic clock, a second replica,
  a cheaper query, a nightly vacuum, a pinned version, a feature switch, a rewritten migration`,
);
export const REASONS = listed(
  `because the old machines were too small, since licences had run out, to save money, after a load test, as the auditors had asked,
  so that backups finish before dawn, because nobody knew the former one, to get rid of a single point of failure,
  since customers in Asia complained, after the outage in spring, to halve the latency, as the vendor gave up`,
);
export const DETAILS = listed(
  `after # failed deployments, under # requests a second, for # percent of the users, within # days, on every #th request,
  since build #, in the week of sprint #, behind a flag for # tenants, whenever # jobs wait, at # degrees in the server room,
  despite # open tickets, for less than # euros a month`,
);
