/** Lists of words that the rules use. */

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}

/** Words that are often capitalised but are not names. */
export const CAPITALISED_NON_NAMES = words(`
  i i'm i'll i'd i've ok okay am pm a an the this that these those it its he she we you they my our your his her their me us
  and or not but no yes yeah yep yup nope nah so if then also when while where what who why how which there here todo note
  notes fixme nb ps fyi btw lol omg imo tbd wip etc mr mrs ms dr only all any some many most more other each every both
  please thanks thank hi hello hey wow cool great good nice sure congrats welcome bye sorry oh ah well now just still
  always never maybe can could should would will may might must do does did don't let's let is are was were be been has
  have had get got new old add added adds fix fixed fixes fixing remove removed removes update updated updates use used
  uses using make made makes change changed changes improve improved improves support supported bump bumped revert reverted
  allow allowed prevent prevented ensure ensured handle handled move moved rename renamed replace replaced deprecate
  deprecated release released see includes including via for from with without in on at to of by as than todo's
  decision record breaking important warning caution tip example examples summary overview introduction changelog
  mom dad mum mama papa grandma grandpa reminder everyone somebody nobody restored preserved exposed reduced enforced
  match detach delete select insert where return create merge table drop join union exec aligned corrected accepted rejects returns applies clamps parses completes handles migrated documented hardened
  line commit error warn traceback
  expanded consolidated refactored switched reworked enhanced optimized cleaned clean set sets`);

/** Nouns that are too general to be the head of a name. */
export const EMPTY_NOUNS = words(`
  thing things something anything everything nothing stuff lot lots bit way ways kind kinds sort sorts one ones part parts
  time times day days today yesterday tomorrow week weeks month months year years moment while case cases point reason
  someone anyone everyone people guy guys man person somebody fact idea ideas example examples etc number amount couple
  few rest end start side use issue issues problem problems release releases version versions fix fixes change changes
  update updates feature features improvement improvements note notes thanks thank hand place place's line minute minutes
  hour hours night morning evening weekend second seconds go look hug luck shot chance wow hey haha lol gonna gotta wanna
  cool awesome yeah yep hi hello glad ok okay course sure bunch type types addition result results step steps self
  behavior behaviour pleasure wait talk word words it that what none all us me there here mine yours ours best feels looks sounds seems seeing having thinking feeling being
  getting doing making taking going saying telling trying looking others another`);

/** Adjectives that add nothing to a name. */
export const EMPTY_ADJECTIVES = words(`
  new old great good nice bad big small little many much more most few several other another same own such some any all
  certain various different last next first second really very so super pretty too quite just only also even still own
  amazing awesome wonderful cool lovely fantastic incredible beautiful special sweet real true whole full total
  following above below previous current actual possible available necessary existing additional further extra recent
  plain simple existing relevant respective proper correct over under`);

/** Nouns that often begin a sentence and are not names. */
export const NON_NAME_SUBJECTS = words(`
  support code data work access use help traffic time life music nature art love hope family everybody code food water
  software hardware research progress production staging backup deployment everything news advice information feedback
  practice health power fun history money religion science education church school self-care art creativity summer winter
  spring autumn monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday tonight today's`);

/** Products whose names in small letters are mostly ordinary words. */
export const ALSO_COMMON_WORDS = words(`
  node next nest solid rust swift spring rails edge safari slack linear notion cursor express spark flask fastify go git
  bun rollup biome cypress express windows chrome gemini claude copilot angular react vue python java ruby piscina
  storybook bootstrap linux sentry cypress yarn azure stripe airflow playwright solid babel jest`);

export const WELL_KNOWN_PRODUCTS = words(`
  redis valkey postgres postgresql mysql sqlite mongodb kafka rabbitmq nats docker kubernetes terraform ansible nginx
  svelte react vue angular solid next nuxt vite webpack rollup babel eslint prettier biome jest vitest playwright cypress
  node deno bun python java kotlin rust golang ruby php swift elixir linux windows macos android ios ubuntu debian
  firefox chrome safari edge vim neovim emacs slack jira notion figma linear sentry grafana prometheus datadog
  cloudflare vercel netlify heroku aws gcp azure stripe twilio openai anthropic claude gemini copilot cursor git npm pnpm
  yarn graphql grpc elasticsearch opensearch neo4j falkordb bullmq piscina express fastify django flask rails spring
  laravel tailwind bootstrap storybook supabase firebase snowflake bigquery airflow spark hadoop pytorch tensorflow`);

export const CHUNK_PREPOSITIONS = words(`
  in on at to from with by for of into over under via through as about against between onto within without than around
  after before since until per upon`);

export const ADVERBS = words(`
  now also only always still already currently usually mostly just then recently finally again both please even later
  soon today here there together meanwhile`);

/** Words before the actual statement. */
export const INTERJECTIONS = words(
  'yeah yes yep ok okay well so and but thanks wow oh reminder note fyi update hey hi',
);

export const FORMS_OF_BE = words('be am is are was were been being');

export const AUXILIARIES = words('be am is are was were been being has have had will do does did');

/** Verbs that begin an imperative. */
export const IMPERATIVE_VERBS = words(`
  use run install set put call check keep write add open start stop read avoid prefer ask copy place pass import pin
  connect rename move replace store deploy configure enable disable`);

/** Past forms that describe a state and not an event. */
export const PAST_STATES = words(`
  was were had used ran lived pointed stored kept listened owned led managed worked needed belonged depended consisted
  contained required supported relied lay stood held hosted maintained preferred`);

export const IRREGULAR_PAST = words(`
  began broke brought built came chose did drew drove fell felt found gave got had held kept knew left led lost made met
  moved paid put ran said sat saw sent set spent spoke stood took told thought went won wrote became cost`);
