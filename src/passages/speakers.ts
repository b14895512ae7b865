/** Roles in the transcripts of agents. */
export const KNOWN_SPEAKERS = /^(?:user|assistant|human|ai|system|agent|model|bot)$/i;

/** A speaker's name at the start of a text, as turns are stored: `user: …`, `Maria: …`. */
export const SPEAKER_PREFIX = /^[\p{L}][\p{L}\p{N}_.-]*: /u;

/** The beginning of a line that may name a speaker, up to the colon. */
export const SPEAKER_LABEL =
  /^[ \t]*(?:\*\*)?([\p{L}][\p{L}\p{N}_.'’-]*(?: [\p{L}\p{N}_.'’-]+){0,3})(?: ?\([^()\n]{1,40}\))?(?:\*\*)?:(?:\*\*)?(?=\s)/u;

/** A line of a text that begins with a name or a label and a colon. */
export interface LabelledLine {
  readonly name: string;
  /** The text after the colon on the line. */
  readonly text: string;
  /** Neither in bold, as documents write labels, nor indented, as configuration is. */
  readonly isPlain: boolean;
}

/** Words before a colon that are no speakers, as in notes, logs, records, letters and configuration. */
const LABELS = new Set(
  `abstract access action actions added address advice agenda alert alternative alternatives answer answers api app appendix
  application approach approver architecture area argument arguments assumption assumptions attendees attention audience author authors
  background backend backup bad before after benefit benefits body branch broken budget bug bugs build cache category cause caution cc bcc
  change changed changes channel check checks client code command commands comment comments commit config configuration conclusion
  consequence consequences constraint constraints contact content context cost critical customer danger database date day deadline dear debug
  decision decisions default defaults definition dependencies deploy deployment deprecated description design detail details device
  difference directory disk docs document documentation domain done due duration effect email enabled disabled encoding end endpoint
  environment epic error errors evidence example examples exception expected expires failed failure fact fallback fatal feature features
  field file files finding findings finished fix fixed fixme folder footer format from frontend function goal goals good hack hash header
  headers heading hello help hi hint history home host hostname id idea image impact important improvement info information input install
  installation issue issues item items job key keyword keywords kind known label labels language last lesson lessons level license limit
  limitations limits line link links list local location log logs manager maintainer measure measured memory message metadata method
  metric migration minutes mode module monitoring motivation name namespace network new next node note notes notice number objective
  observation old open option options order organisation organization outcome output overview owner owners package parameter parameters
  participants password path permission permissions phase phone pipeline place plan plugin policy port prerequisite prerequisites present
  previous price priority problem problems process procedure product production progress project proposal protocol proxy purpose query
  question questions queue range rationale reason reasons recipe recommendation reference references region related release released
  remark remarks reminder removed report reporter repository request requirement requirements resolution resource resources response
  responsible result results retries returns reviewer reviewers risk risks role rollback root rule rules run runtime scheduler schema scope
  score script secret section security see sender server service session setting settings setup severity signature since size solution
  source spec stack stage staging start started state statement status step steps storage subject success suggestion summary support
  symptom symptoms table tag tags target task tasks team template test testing tests text then thread ticket time timeline timeout
  timestamp tip title to today todo token tomorrow tool tools topic topics total trace trade type unit until update updated updates url
  usage use used user users value values version versions via volume wait warn warning warnings website what when where which who why how
  window worker workaround workflow yesterday zone monday tuesday wednesday thursday friday saturday sunday january february march april
  may june july august september october november december morning afternoon evening`.split(/\s+/),
);

/** One to three words, each with a capital and small letters: no constant, no identifier. */
const PERSON = /^\p{Lu}(?:\.|\p{Ll}*['’]?\p{Lu}?\p{Ll}+\.?)(?:[- ]\p{Lu}(?:\.|\p{Ll}*['’]?\p{Lu}?\p{Ll}+\.?))*$/u;

/** Longer names are sentences, or made to cost time. */
const LONGEST_NAME = 60;

/** A value of a configuration instead of words. */
function isValue(text: string): boolean {
  if (/^(?:[[{|>].*|true|false|null|none)?$/is.test(text)) return true;
  return !/\s/.test(text) && /[\d/\\@=_]/.test(text);
}

/** Whether the text before a colon can be the name of a speaker. */
export function isPerson({ name, isPlain }: LabelledLine): boolean {
  if (!isPlain || name.length > LONGEST_NAME || !PERSON.test(name)) return false;
  const words = name.toLowerCase().split(/[ -]/);
  return name.split(' ').length <= 3 && !words.some((word) => LABELS.has(word));
}

/**
 * Whether lines of a plain text are a dialogue, in which each person may speak only once: at least two names, and more lines that begin with
 * a name than lines with another label, as in records, logs and configuration.
 */
export function isDialogueOfPeople(lines: readonly LabelledLine[]): boolean {
  const spoken = lines.filter((line) => isPerson(line) && !isValue(line.text.trim()));
  return new Set(spoken.map(({ name }) => name.toLowerCase())).size > 1 && 2 * spoken.length > lines.length;
}
