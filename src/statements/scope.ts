import { withoutQuotations } from '../english/stance.ts';
import { termKey } from './words.ts';

/*
 * Where a sentence holds: environments (`staging`), branches (`branch:release`), variants of its subject (`variant:legacy`), projects that it
 * names as such (`project:atlas`), and headings that are a single name (`heading:atlas`), which may be a project's. A sentence ends another
 * one only within the same scope.
 */

/** Not in "moved from alpha to beta", where it is a value. */
const ENVIRONMENTS =
  /(?<![\w.#-]|\bfrom \S+ to |\bfrom (?=\S+ to ))(?:(prod(?:uction)?|pre-?prod(?:uction)?|staging|dev(?:elopment)?|local(?:ly|host)?|preview|qa|uat|sandbox|canary|beta|demo|ci|guests?|on-prem(?:ises)?)|(?:in|for|on|during|under) (?:the |our |all )?(?:\w+ )?(tests?|benchmarks?))(?![\w-]|\.\w)/gi;
const OTHER_ENVIRONMENT = /(?<![\w.-])([\p{L}\p{N}][\w-]*) (?:environment|env)\b(?! (?:variable|var|file))/giu;
const SAME_ENVIRONMENT = new Map([
  ['production', 'prod'],
  ['pre-production', 'preprod'],
  ['preproduction', 'preprod'],
  ['pre-prod', 'preprod'],
  ['development', 'dev'],
  ['locally', 'local'],
  ['localhost', 'local'],
  ['tests', 'test'],
  ['guest', 'guests'],
  ['benchmarks', 'benchmark'],
  ['on-premises', 'on-prem'],
]);
/** "the release branch" */
const BRANCH_AFTER = /(?<![\w.-])([\w/.-]+) branch\b/gi;
/** "on branch release-2" */
const BRANCH_BEFORE = /\bbranch ([\w/.-]*[\d/_-][\w/.-]*|main|master|develop|trunk)(?![\w/-])/gi;
/** As stored up to release ac332359. */
const STORED_BRANCH = /([\w/.-]+) branch\b/g;
/** "The legacy API" is another one than "the API". */
const VARIANT =
  /^\W*(?:the|our|my|your|an?) (old|legacy|former|previous|second|third|other|secondary|deprecated|experimental) (?=\p{L})/giu;
const NAME = String.raw`[\p{L}\p{N}][\p{L}\p{N}_.-]*(?:\/[\p{L}\p{N}_.-]+)*`;
const CODEBASE = '(?:[Pp]roject|[Rr]epo(?:sitory)?|[Cc]ode ?base|[Mm]onorepo)';
const OPENS = String.raw`(?<=\b(?:[Tt]he|[Oo]ur|[Mm]y|[Tt]heir|[Ii]n|of|[Ff]or|from|to|on|across|inside|and|or) )`;
/** "Project: atlas" at the beginning, "project Atlas", "repo acme/web" */
const PROJECT_BEFORE = new RegExp(
  String.raw`^${CODEBASE}: ?(?<noted>${NAME})(?=$|\s+\p{Lu})|(?:^|${OPENS})${CODEBASE} (?<name>\p{Lu}[\p{L}\p{N}_.-]*|[\p{L}\p{N}]+[_/-]${NAME})`,
  'gu',
);
/** "the atlas repo", "in Atlas project" */
const PROJECT_AFTER = new RegExp(String.raw`(?:^|${OPENS})(?<name>${NAME}) ${CODEBASE}(?![\p{L}\p{N}-])`, 'gu');
const PROJECT_HEADING = new RegExp(`^(?:the )?(?:project|repo|repository):? (?<name>${NAME})$`, 'iu');
const NAME_HEADING = /^(?:\p{Lu}[\p{L}\p{N}]+|[\p{Ll}\p{N}]+(?:[-_][\p{L}\p{N}]+)+)$/u;

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));
const DETERMINERS = words(`
  a an the this that these those our my your his her its their each every any all no one two both another other same new on in of for from
  to by with and or is are was be has we i it not at`);
/** Words that do not distinguish projects or environments. */
const NO_NAMES = words(`
  old whole entire main current existing first second third next last previous big small large little single separate dedicated empty own parent
  child root example sample template legacy greenfield work school research software github gitlab bitbucket git public private shared
  remote upstream downstream fork forked mono source code open open-source side pet hobby personal internal external customer client
  build runtime execution desktop target host`);
/** Words that sections of any document are called. */
const NO_NAME_HEADING = words(`
  setup backend frontend api ci cd cli ui ux database db docs readme install usage build deploy release releases test server client web
  mobile security storage logging monitoring metrics auth ops infra network cache queue search billing overview background context goal
  todo faq status summary plan roadmap budget people team roles owners contact general misc various update new open done progress
  january february march april may june july august september october november december monday tuesday wednesday thursday friday
  saturday sunday today yesterday agenda retro standup review decision stack tech design rule policy error bug limit default port`);
const ABSTRACT = /(?:tion|sion|ment|ness|ity|ing|ance|ence|ism|ship|ture|s)$/i;

/** @param headings above the text, the outermost first */
export function statementScope(text: string, headings: readonly string[] = []): string {
  const parts = [...headings, text].map((part) => part.trim());
  const found = (pattern: RegExp) =>
    parts.flatMap((part) => [...part.matchAll(pattern)].map(([, name, other]) => name ?? other ?? ''));
  const environments = [...found(ENVIRONMENTS), ...found(OTHER_ENVIRONMENT).filter(isName)].map(lower);
  const projects = [
    ...[...found(PROJECT_BEFORE), ...found(PROJECT_AFTER)],
    ...headings.map((heading) => PROJECT_HEADING.exec(heading.trim())?.[1] ?? ''),
  ];
  const [outermost = ''] = headings.length > 0 ? parts : [];
  return termKey(
    new Set([
      ...environments.map((name) => SAME_ENVIRONMENT.get(name) ?? name),
      ...[...found(BRANCH_AFTER), ...found(BRANCH_BEFORE)].filter(isBranch).map((name) => `branch:${lower(name)}`),
      ...found(VARIANT).map((name) => `variant:${lower(name)}`),
      ...projects.filter(isName).map((name) => `project:${projectName(name)}`),
      ...(isNameHeading(outermost) ? [`heading:${lower(outermost)}`] : []),
    ]),
  );
}

/** A sentence with its scope. */
export interface ScopedText {
  readonly scope: string;
  readonly text: string;
}

/**
 * Whether two sentences are about the same environments and branches, and not about different projects. If only one of them has a project as
 * its scope, the other must mention it. Scopes that an earlier release stored are parsed again from the text.
 */
export function isSameScope(one: ScopedText, other: ScopedText): boolean {
  const [a, b] = [namesOf(one), namesOf(other)];
  if (termKey(a.places) !== termKey(b.places)) return false;
  const isNamed = (names: ReadonlySet<string>, { text }: ScopedText, own: Names) =>
    [...names].some((name) => own.projects.has(name) || own.headings.has(name) || speaksOf(text, name));
  if (a.projects.size > 0 && !isNamed(a.projects, other, b)) return false;
  if (b.projects.size > 0 && !isNamed(b.projects, one, a)) return false;
  if (a.headings.size === 0 || b.headings.size === 0) return true;
  return isNamed(a.headings, other, b) || isNamed(b.headings, one, a);
}

interface Names {
  readonly places: ReadonlySet<string>;
  readonly projects: ReadonlySet<string>;
  readonly headings: ReadonlySet<string>;
}

function namesOf({ scope, text }: ScopedText): Names {
  const own = statementScope(withoutQuotations(text));
  const names = new Set(`${scope} ${own}`.replace(STORED_BRANCH, 'branch:$1').split(' ').filter(Boolean));
  const below = (kind: string) =>
    new Set([...names].filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length)));
  return {
    places: new Set(
      [...names].filter((name) => !/^(?:project|heading):/.test(name) && isBranch(name.replace('branch:', ''))),
    ),
    projects: below('project:'),
    headings: below('heading:'),
  };
}

function speaksOf(text: string, name: string): boolean {
  const [spaced, wanted] = [text, name].map((words) => ` ${lower(words).replace(/[^\p{L}\p{N}_-]+/gu, ' ')} `);
  return spaced?.includes(wanted ?? '') === true;
}

const lower = (name: string): string => name.toLowerCase();
const isBranch = (name: string): boolean => name !== '' && !DETERMINERS.has(lower(name));

/** `acme/web` and `web` are one. */
const projectName = (name: string): string => lower(name.split('/').at(-1) ?? name).replace(/[.-]+$/, '');

const isName = (name: string): boolean => isBranch(name) && !NO_NAMES.has(lower(name));

const isNameHeading = (heading: string): boolean =>
  NAME_HEADING.test(heading) && !ABSTRACT.test(heading) && !NO_NAME_HEADING.has(lower(heading)) && isName(heading);
