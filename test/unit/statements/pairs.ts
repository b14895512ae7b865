/** Pairs of consecutive sentences; the second ends the first. */
export const REPLACED: readonly (readonly [before: string, after: string])[] = [
  // was replaced by
  ['Nightly builds run on Jenkins.', 'Jenkins has been replaced by Buildkite for the nightly builds.'],
  ['Passwords are hashed with bcrypt.', 'bcrypt was replaced with Argon2 for passwords.'],
  ['Receipts are printed with CUPS.', 'In the shop, CUPS was replaced by a cloud printer for receipts.'],
  ['Harbor keeps its sessions in Redis.', 'Harbor replaced Redis with Valkey.'],
  ['Thumbnails are made with ImageMagick.', 'libvips replaces ImageMagick for thumbnails.'],
  // reported by a colleague, with both values
  [
    'The fair in Oslo is planned for 3 May.',
    'Call with sales: Nina says the fair in Oslo is postponed from 3 May to 17 May.',
  ],
  // took care of
  ['Paul Ferry looks after the kiln.', 'Rosa Blum takes the kiln over from him.'],
  ['Lena Ost takes care of the greenhouse.', 'Ivo Brandt took over the greenhouse.'],
  // instead of
  ['Order mails are sent with SendGrid.', 'Order mails are now sent with Postmark instead of SendGrid.'],
  ['The forum runs on Discourse.', 'The forum runs on Flarum rather than Discourse.'],
  ['The charts are drawn with D3.', 'Instead of D3, the charts are drawn with Plotly.'],
  [
    'Lantern listens on port 8080.',
    'Lantern now listens on port 9090 instead of port 8080, because the proxy took 8080.',
  ],
  // moved off
  ['Our tasks are in Trello.', 'We moved away from Trello, our tasks are in Linear.'],
  ['The on-call rota is kept in PagerDuty.', 'We migrated off PagerDuty; the on-call rota is kept in Grafana OnCall.'],
  ['The catalogue search uses Solr.', 'The catalogue search has moved off Solr.'],
  // no longer
  ['The agent runs on CentOS 7.', 'The agent no longer runs on CentOS 7, Rocky 9 is required.'],
  ['The plugin supports Webpack 4.', 'The plugin no longer supports Webpack 4.'],
  ['The admin page needs a VPN.', 'The admin page no longer needs a VPN.'],
  ['The feed is public.', 'The feed is no longer public.'],
  // left
  ['Priya Shah leads QA.', 'Priya Shah left the company; Tom Weber leads QA now.'],
  ['Jonas Falk maintains the importer.', 'Jonas Falk has left, nobody looks after the importer yet.'],
  ['Elena Rossi owns the pricing service.', 'Elena Rossi is no longer with us.'],
  // now, a value
  ['Uploads are limited to 50 MB.', 'Uploads are limited to 20 MB now.'],
  ['The access token expires after 15 minutes.', 'The access token now expires after 60 minutes.'],
  ['The gateway listens on port 7000.', 'The gateway currently listens on port 7100.'],
  ['The standup is at noon.', 'The standup is now at 10:30.'],
  ['The planning starts at noon.', 'The planning now starts at 10:30 instead of noon.'],
  ['The retry limit is five.', 'The retry limit is now 7.'],
  // names that end in s
  ['Redis listens on port 6379.', 'Redis now listens on port 6380.'],
  ['Tomas Reyes owns Quill.', 'Ines Okafor owns Quill now.'],
  ['Jenkins runs on Java 17.', 'Jenkins now runs on Java 21.'],
  // with more in the same sentence
  ['The importer is at version 0.9.0.', 'The importer is now at version 1.4.0 and needs Node.js 22.'],
  ['The release codename is Falcon.', 'The release codename is now 2.0.'],
  ['The meeting room is Birch.', 'The meeting room is now 204.'],
  ['The archive version is Sequoia.', 'The archive version is 15 now.'],
  ['The queue holds 500 jobs.', 'The queue holds 2000 jobs now.'],
  // from … to
  ['The request timeout is 60 seconds.', 'The request timeout was lowered from 60 to 30 seconds.'],
  ['The cache has 4 GB.', 'The cache was increased from 4 to 16 GB.'],
  ['We deploy the docs to Netlify.', 'We switched the docs from Netlify to Cloudflare Pages.'],
  ['The rate limit is 100 requests.', 'We raised the rate limit from 100 to 250 requests.'],
  ['The mobile team uses Bitrise.', 'The mobile team migrated from Bitrise to GitHub Actions.'],
  // correction
  ['The metrics endpoint is on port 9100.', 'Correction: the metrics endpoint is on port 9200.'],
  ['The backup runs at 02:00.', 'Sorry, the backup runs at 03:30.'],
  ['The broker listens on port 4222.', 'The broker listens on port 4223, not 4222.'],
  // renamed
  ['The repository is called atlas.', 'The repository was renamed from atlas to meridian.'],
  ['The billing job is named nightly-charge.', 'We renamed nightly-charge to invoicer.'],
  ['The support bot is called Robbie.', 'The support bot is now called Fern.'],
  // put off
  ['The release is on 3 June.', 'The release is postponed from 3 June to 17 June.'],
  ['The workshop starts on 8 May.', 'The workshop was rescheduled from 8 May to 15 May.'],
  ['The migration begins on 20 May.', 'The migration has been pushed back to 27 May.'],
  // from now on
  ['Use npm in the admin app.', 'From now on we use pnpm in the admin app, npm is not allowed any more.'],
  ['Use moment in the frontend.', 'From now on only Temporal is used in the frontend, moment is banned.'],
  ['Commits are signed with GPG.', 'From today on commits are signed with SSH keys instead of GPG.'],
  // switched off
  ['Alerts come from Pingdom.', 'Pingdom has been shut down, alerts come from Checkly.'],
  ['The traces go to Jaeger.', 'Jaeger was turned off, traces go to Tempo.'],
  ['Builds are cached in Artifactory.', 'Artifactory is gone.'],
  // took over
  ['Piotr Nowak maintains the design system.', 'Hana Sato took over the design system from Piotr Nowak.'],
  ['Leila Haddad owns the data platform.', 'Ben Cole has taken over the data platform from Leila Haddad.'],
  ['Amira Khan leads the search team.', 'Amira Khan handed the search team over to Luis Prieto.'],
  ['Rosa Diaz manages the vendor portal.', 'Igor Melnik took over the vendor portal.'],
  ['Kenji Arai maintains the lathe.', 'Berta Lind takes the lathe over from him, and she gets the key of the safe.'],
  // back to
  ['The web client uses React 19.', 'We are back on React 18 in the web client.'],
  ['The crawler runs on Chromium 126.', 'We rolled back to Chromium 124 for the crawler.'],
  ['The newsletter is sent with Mailchimp.', 'The newsletter went back to Sendy.'],
  ['Angular is now 19.', 'Reverted it since the map breaks. We are back on Angular 18.3.'],
  [
    'Kiosk images are delivered with Mender from images.kiosk.example.',
    'Decision about images: we moved off Mender, Finch pulls them with RAUC now.',
  ],
  ['The load tests are launched there with tools/load.sh.', 'I deleted tools/load.sh.'],
  // gave up
  ['Sessions live in Memcached 1 on Heroku.', 'We dropped Memcached from the stack.'],
  [
    'Lakehouse stores its orders in MySQL 8.',
    'Decision: last week we migrated the orders database from MySQL 8 to Postgres 16, for its constraints.',
  ],
  ['The CLI has a build for Windows ARM.', 'We dropped the Windows ARM build of the CLI.'],
  ['The SDK supports Internet Explorer.', 'We gave up support for Internet Explorer in the SDK.'],
  ['The API has a SOAP endpoint.', 'The SOAP endpoint of the API was removed.'],
  // upgraded
  ['The search cluster is on Elasticsearch 7.', 'The search cluster was upgraded to Elasticsearch 8.'],
  ['The monorepo uses Node 20.', 'We upgraded the monorepo to Node 24.'],
  ['The staging cluster runs Kubernetes 1.29.', 'The staging cluster has been updated to Kubernetes 1.31.'],
  // moved
  ['The lab is in Leuven.', 'The lab moved to Ghent.'],
  ['The spare parts are stored in hall 4.', 'The spare parts were moved to hall 7.'],
  ['The status page is hosted on Heroku.', 'The status page has been moved to Fly.'],
  // a user says so
  ['user: I use vim for the config files', "user: I don't use vim any more, it's helix now"],
  ['user: we test the app with Detox', 'user: we no longer test the app with Detox'],
  // works again
  ['The login page is down.', 'The login page is back up again.'],
  ['The printer in the lobby is broken.', 'The printer in the lobby has been repaired and works again.'],
  ['The nightly sync is failing.', 'The nightly sync is green again.'],
  ['The staging database is unreachable.', 'The staging database is up again.'],
  // the same project or branch
  ['In the falcon project we use Jest.', 'In the falcon project we replaced Jest with Vitest.'],
  ['Falcon is built with Gulp.', 'We replaced Gulp with esbuild in the falcon project.'],
  ['In the notes repo we use pnpm.', 'In the notes repo pnpm was replaced by bun.'],
  ['Project: Falcon\nThe admin port is 8180.', 'Project: Falcon\nThe admin port is 9190.'],
  ['# Falcon\n\nWe use Mocha in the client.', '# Falcon\n\nWe replaced Mocha with Vitest in the client.'],
  ['# Falcon\n\nThe debug port is 8280.', 'The debug port is 9290.'],
  ['## Project falcon\n\nThe client uses Chai.', 'Falcon: the client replaced Chai with Vitest.'],
  ['On branch release-1 we sign with GPG.', 'On the release-1 branch we replaced GPG with SSH.'],
  ['The acceptance environment runs on Postgres 14.', 'The acceptance environment was upgraded to Postgres 16.'],
  // with links and marks
  [
    'Recipes are parsed with [feedparser](https://example.org/feedparser).',
    '**[feedparser](https://example.org/feedparser)** was replaced with [lxml](https://lxml.example) for recipes.',
  ],
  // said again
  ['The deposit is 20 %.', 'The deposit is 30 %.'],
  ['The default branch is master.', 'The default branch is main.'],
  ['The owner of the ledger service is Mona.', 'Karim owns the ledger service.'],
  ['The log retention is 7 days.', 'The log retention is 30 days.'],
  ['CI uses Go 1.22.', 'Go 1.23 is used in CI.'],
  ['The password must have 8 characters.', 'The password must have 12 characters.'],
  ['The contact at Acme is Dana Fox.', 'The contact at Acme is Paul Reed.'],
];

/** The second says nothing that ends the first. */
export const KEPT: readonly (readonly [before: string, after: string])[] = [
  // a number in the place of none
  ['The mailer is running.', 'The mailer now listens on port 2626 instead of 2525.'],
  ['The crane service is used by the yard.', 'The crane service now listens on port 4001 instead of 4000.'],
  ['The mailer is running.', 'The mailer now listens on port 2626.'],
  ['Redis runs on port 6379.', 'Redis runs are slow today.'],
  ['The tests of Kubernetes pass.', 'Kubernetes runs the tests in three pods now.'],
  ['The importer runs on Node.', 'The importer moved from port 7000 to 7100.'],
  // a quotation of several sentences
  [
    'The mail relay listens on port 2525.',
    'Ben wrote: "We looked. The mail relay listens on port 2626 now. It works."',
  ],
  // another environment, project, branch, customer, person
  ['Production runs on Postgres 15.', 'Staging was upgraded to Postgres 17.'],
  ['The production proxy listens on port 443.', 'The staging proxy now listens on port 8443.'],
  ['Falcon uses Kafka.', 'Osprey replaced Kafka by NATS.'],
  ['Falcon is written in Scala.', 'Osprey is no longer written in Scala.'],
  ['The main branch requires two reviews.', 'The release branch now requires one review.'],
  ['The develop branch is deployed every hour.', 'The develop-next branch is no longer deployed every hour.'],
  ['Initech pays by invoice.', 'Hooli no longer pays by invoice.'],
  ['Initech is on the gold plan.', 'Hooli moved from the gold plan to the silver plan.'],
  ['Sara leads the platform team.', 'Nils leads the growth team now.'],
  ['Sara leads the platform team.', 'Nils Berg took over the growth team from Ida Holm.'],
  ['The iOS app uses Realm.', 'The Android app no longer uses Realm.'],
  ['The attachment limit is 25 MB.', 'For trial accounts the attachment limit is 2 MB.'],
  ['The worker has 16 threads.', 'In the benchmark the worker has 2 threads.'],
  ['The build takes 9 minutes.', 'The build of the docs takes 2 minutes now.'],
  ['The web client uses Vue 3.', 'We are back on Ember 5.2.'],
  ['# Falcon\n\nWe use Jest in the client.', '# Osprey\n\nWe replaced Jest with Vitest in the client.'],
  ['# Falcon\n\nThe port is 8080.', '# Osprey\n\nThe port is 9090.'],
  ['Project: Falcon\nThe port is 8080.', 'Project: Osprey\nThe port is 9090.'],
  ['The port is 8080.', '## Project Osprey\n\nThe port is 9090.'],
  ['## Project Falcon\n\nThe port is 8080.', 'The port is 9090.'],
  ['In the falcon project we use Jest.', 'We replaced Jest with Vitest.'],
  ['We use Jest.', 'In the osprey project we replaced Jest with Vitest.'],
  ['In the falcon project we use Jest.', 'In the osprey project we replaced Jest with Vitest.'],
  ['In the docs repo we use pnpm.', 'In the backend repo pnpm was replaced by bun.'],
  ['We use Jest for tests.', 'Repository: acme/osprey\nWe replaced Jest with Vitest for tests.'],
  ['On branch release-1 we use Jest.', 'On branch release-2 we replaced Jest with Vitest.'],
  ['We use Jest.', 'On branch release-2 we replaced Jest with Vitest.'],
  ['On branch release-1 we use Jest.', 'We replaced Jest with Vitest.'],
  [
    '## Acceptance environment\nThe proxy listens on port 8080.',
    '## Pilot environment\nThe proxy listens on port 8081.',
  ],
  ['Production runs on Postgres 15.', 'Pre-production was upgraded from Postgres 15 to Postgres 17.'],
  // plans and proposals
  ['The shop runs on Magento.', 'We plan to replace Magento by Shopware.'],
  ['The shop runs on Magento.', 'The shop will be moved from Magento to Shopware in autumn.'],
  ['The shop runs on Magento.', 'We should move off Magento.'],
  ['The shop runs on Magento.', 'We are thinking about dropping Magento.'],
  ['The shop runs on Magento.', 'Anna suggested to switch from Magento to Shopware.'],
  ['The office is in Utrecht.', "Let's move the office to Delft."],
  ['The office is in Utrecht.', 'We want to move the office to Delft.'],
  // questions
  ['Jobs are stored in MySQL.', 'user: Did we move the jobs from MySQL to Postgres?'],
  ['Jobs are stored in MySQL.', 'user: Is MySQL still used for jobs, or was it replaced by Postgres?'],
  // refusals, attempts
  ['Payments go through Adyen.', 'We decided against replacing Adyen.'],
  ['Payments go through Adyen.', 'We tried to switch from Adyen to Mollie and went back the next day.'],
  ['Payments go through Adyen.', 'The move from Adyen to Mollie failed to start.'],
  ['Payments go through Adyen.', 'Adyen was almost replaced by Mollie.'],
  // suppositions
  ['The site is behind Fastly.', 'If we moved off Fastly, purging would be slower.'],
  ['The site is behind Fastly.', 'Fastly might be replaced by Bunny.'],
  ['The site is behind Fastly.', 'Unless Fastly is switched off, nothing changes.'],
  // negations
  ['The parser is written in C.', 'The parser was not rewritten, it has not moved from C to Rust.'],
  ['The parser is written in C.', "We haven't replaced C by Rust in the parser."],
  ['Ada owns the parser.', 'Ada has not left.'],
  // quotations and reports
  ['Sessions last 30 days.', 'The blog post says: "Sessions last 7 days."'],
  ['Sessions last 30 days.', 'Marc thinks sessions last 7 days now.'],
  ['Sessions last 30 days.', 'According to the vendor sessions last 7 days.'],
  ['Deploys go to Render.', 'The customer asked: "Have you moved from Render to Fly?"'],
  // examples
  ['The default region is eu-west-1.', 'For example, set the region to us-east-1 to see the latency.'],
  ['The default port is 3000.', 'Say the port is 4000, for instance.'],
  // tool output
  ['Python 3.12 is used in the pipeline.', 'assistant: I looked.\n$ python --version\nPython 3.9.18'],
  ['The API listens on port 8000.', 'assistant: It printed this:\n```\nThe API listens on port 9999.\n```'],
  ['The API listens on port 8000.', '> The API listens on port 9999.'],
  // added beside
  ['Events go to Kafka.', 'Events also go to Kinesis now.'],
  ['The client supports French.', 'The client supports German too.'],
  ['Events go to Kafka.', 'Events also go to Kinesis now, we dropped Graphite.'],
  ['Mara reviews the schema.', 'Otto reviews the schema as well.'],
  ['The app supports Python 3.11.', 'The app supports Python 3.12.'],
  ['Harbor uses Valkey.', 'Harbor uses Postgres.'],
  ['The team meets on Monday.', 'The team has another meeting on 4 May.'],
  // for a while
  ['The release manager is Ruth.', 'Ruth is on leave this week, Sven covers for her.'],
  ['The hall is open.', 'The hall is closed until Friday.'],
  // what was before
  ['The app is built with Vite.', 'Before Vite the app was built with Webpack.'],
  ['The app is built with Vite.', 'The app used to be built with Webpack.'],
  ['The server stands in Lyon.', 'Originally the server stood in Nice.'],
  // the same word, another thing
  ['The tablet app uses Vue Native.', 'The landing page dropped Vue.'],
  ['The image runs on Alpine.', 'The ski hut in the Alps was renamed to Alpine Lodge.'],
  ['The left panel shows the tree.', 'The right panel no longer shows the tree.'],
  ['We use Linear for tickets.', 'The retry delay is no longer linear.'],
  // another thing about the same
  ['The gateway listens on port 7000.', 'The gateway has 3 replicas.'],
  ['The gateway listens on port 7000.', 'The gateway was upgraded to Envoy 1.31.'],
  ['Priya Shah likes climbing.', 'Priya Shah left the company.'],
  ['The lab is in Leuven.', 'The coffee machine moved to Ghent.'],
  ['cashier runs on Node 20.', 'The payments worker was renamed from cashier to tillman.'],
  ['Room 214 has 12 seats.', 'Room 112 has 8 seats.'],
  ['We shipped 3 fixes.', 'We shipped 5 fixes.'],
  // another language
  ['Der Server läuft auf Port 8080.', 'Der Server läuft auf Port 9090.'],
  ['El puerto es 8080.', 'El puerto es 9090.'],
  // what is started is not said
  ['Start it with docker compose up.', 'Start again with make connect.'],
  // reported without both values, or as a wish
  ['The fair in Oslo is planned for 3 May.', 'Nina says the fair in Oslo should move from 3 May to 17 May.'],
  ['The kiln runs at 900 degrees.', 'Nina says the kiln runs at 950 degrees.'],
];
