/*
 * English constructions that say that something ended or was replaced. Each pattern is tried on a clause in which dates are single words
 * (`@2026-05-12`). Groups: `s` the subject, `o` the object, `g` the old value, `n` the new value, `of` the purpose.
 */

import { ownMove } from './own-move.ts';

const WE = '(?:we|i|they|the team|our team)';
const HELP =
  '(?:(?:has|have|had|was|were|is|are|been|being|now|just|recently|finally|already|fully|completely|meanwhile|also|all|both|today|yesterday|got|gets?) )*';
const FOR = '(?: (?:for|in|on|at|across|as|of|from) (?<of>[^,]+?))?';
const TAIL =
  '(?: (?:last|this|since|because|due to|after|as|so that|so|again|now|today|yesterday|in @|on @|@|from now|for good|entirely|completely)\\b.*)?$';
const MOVES =
  'moved|migrated|switched|changed|ported|transferred|transitioned|converted|shifted|went|relocated|walked|got';
/** Of a thing of one's own; "changed its logs to" and "converted its logs to" are about its form. */
const OWN_MOVES = 'moved|migrated|switched|ported|transferred|transitioned|shifted|relocated';
const VALUES =
  'raised|lowered|increased|reduced|decreased|cut|bumped|changed|extended|shortened|doubled|halved|upgraded|downgraded|updated|went|rose|fell|dropped|grew|shrank|set|adjusted|moved|capped';
const DAYS =
  'postponed|put off|pushed back|pushed|rescheduled|delayed|deferred|brought forward|moved|shifted|slipped|slips|moves';
const GAVE_UP =
  'gave up(?: on)?|dropped|abandoned|retired|discontinued|removed|deleted|sunset|scrapped|ditched|decommissioned|cancell?ed|shut down|switched off|turned off|took down|phased out|got rid of|killed|ended|stopped supporting|stopped using|stopped shipping|withdrew|uninstalled|said goodbye to|moved on from|threw out';
const ARE_GONE =
  '(?:switched off|turned off|shut down|removed|retired|dropped|discontinued|decommissioned|deleted|cancell?ed|phased out|abandoned|scrapped|taken down|withdrawn|sunset|ended|gone|dead|history|no more|out of use|out of service|obsolete|closed down|uninstalled)';
const CALLED = '(?:called|named|known as) (?!by |from |in |on |at |once |when |every |twice |if )';
/** "from the stack" means from everywhere. */
const FROM_ALL =
  / from (?:the|our) (?:stack|project|code ?base|system|setup|infrastructure|repo|repository|toolchain|pipeline|company)$/i;
const FORBIDDEN =
  '(?:forbidden|banned|prohibited|disallowed|off limits|not allowed(?: any ?more)?|no longer allowed|not to be used)';

/** The named groups of a match. */
export type PatternMatch = Record<string, string | undefined>;
/** Text for each part of a change. */
export type ChangeParts = {
  readonly [name in 'oldValue' | 'subject' | 'context' | 'newValue' | 'endsWhat']?: string;
} & {
  readonly everywhere?: boolean;
};
type Pattern = readonly [RegExp, (found: PatternMatch) => ChangeParts];

const re = (pattern: string): RegExp =>
  new RegExp(
    `^(?:so |and |but |then |meanwhile,? |yesterday,? |today,? |last \\w+,? |this \\w+,? |since @\\S+,? |on @\\S+,? |in @\\S+,? |as of @\\S+,? |from now on,? |from @\\S+(?: on)?,? |@\\S+,? )*${pattern}`,
    'i',
  );

/** The first pattern that matches counts. */
export const PATTERNS: readonly Pattern[] = [
  [
    re(`(?<s>.+?) ${HELP}(?:renamed|rebranded)(?: from (?<g>[^,]+?))? (?:to|as|into) (?<n>[^,]+?)${TAIL}`),
    ({ s, g, n }) =>
      isWe(s)
        ? {}
        : {
            oldValue: g ?? '',
            subject: g ? (s ?? '') : '',
            newValue: n ?? '',
            endsWhat: 'name',
            ...(!g && { oldValue: s ?? '' }),
          },
  ],
  [
    re(`${WE} ${HELP}(?:renamed|rebranded) (?<g>[^,]+?) (?:to|as|into) (?<n>[^,]+?)${TAIL}`),
    ({ g, n }) => ({ oldValue: g ?? '', newValue: n ?? '', endsWhat: 'name' }),
  ],
  [
    re(
      `(?<s>.+?) (?:(?:is|are) (?:now|henceforth) ${CALLED}(?<n>[^,]+?)${TAIL}|(?:is|are) ${CALLED}(?<n2>[^,]+?) (?:now|these days|nowadays|(?:since|from|as of) (?:@.*|now on|today))$)`,
    ),
    ({ s, n, n2 }) => ({ oldValue: s ?? '', newValue: n ?? n2 ?? '', endsWhat: 'name' }),
  ],
  [
    re(`(?<s>.+?) ${HELP}(?:${DAYS})(?<o> [^@,]+?)?(?: from (?<g>@\\S+))? (?:to|until|till) (?<n>@\\S+)`),
    ({ s, o, g, n }) => ({
      subject: isWe(s) ? (o ?? '') : (s ?? ''),
      oldValue: g ?? '',
      newValue: n ?? '',
      endsWhat: 'number',
    }),
  ],
  [
    re(`(?<n>.+?) ${HELP}(?:took|takes|has taken|taken) over (?:as )?(?<o>[^,]+?) from (?<g>[^,]+?)${TAIL}`),
    ({ n, o, g }) => ({ oldValue: g ?? '', subject: o ?? '', newValue: n ?? '' }),
  ],
  [
    re(`(?<n>.+?) ${HELP}(?:took|takes|taken) (?<o>[^,]+?) over(?: from (?<g>[^,]+?))?${TAIL}`),
    ({ n, o, g }) =>
      !g || /^(?:him|her|them)$/i.test(g)
        ? { subject: o ?? '', newValue: n ?? '', endsWhat: 'role' }
        : { oldValue: g, subject: o ?? '', newValue: n ?? '' },
  ],
  [
    re(`(?<n>.+?) ${HELP}(?:took|takes|taken) over (?:as )?(?<o>[^,]+?)${TAIL}`),
    ({ n, o }) => ({ subject: o ?? '', newValue: n ?? '', endsWhat: 'role' }),
  ],
  [
    re(`(?<n>.+?) ${HELP}(?:inherited|inherits) (?<o>[^,]+?) from (?<g>[^,]+?)${TAIL}`),
    ({ n, o, g }) => ({ oldValue: g ?? '', subject: o ?? '', newValue: n ?? '' }),
  ],
  [
    re(`(?<g>.+?) ${HELP}(?:handed|passed|gave)(?: over)? (?<o>[^,]+?)(?: over| on)? to (?<n>[^,]+?)${TAIL}`),
    ({ g, o, n }) => (isWe(g) ? {} : { oldValue: g ?? '', subject: o ?? '', newValue: n ?? '' }),
  ],
  [
    re(`(?<n>.+?) ${HELP}(?:succeeded|succeeds) (?<g>[^,]+?)${FOR}${TAIL}`),
    ({ n, g, of }) => ({ oldValue: g ?? '', subject: of ?? '', newValue: n ?? '' }),
  ],
  [
    re(
      `(?<g>.+?) ${HELP}(?:replaced|superseded|swapped out|swapped|succeeded|exchanged|substituted) (?:by|with|for) (?<n>[^,]+?)${FOR}${TAIL}`,
    ),
    ({ g, n, of }) => (isWe(g) ? {} : { oldValue: g ?? '', subject: of ?? '', newValue: n ?? '' }),
  ],
  [
    re(
      `(?:in|at|for|on) (?<of>[^,]+?),? (?<g>[^,]+?) ${HELP}(?:replaced|superseded|swapped) (?:by|with|for) (?<n>[^,]+?)${TAIL}`,
    ),
    ({ g, n, of }) => ({ oldValue: g ?? '', subject: of ?? '', newValue: n ?? '' }),
  ],
  [
    re(
      `(?<s>.+?) ${HELP}(?:replaced|swapped|exchanged|substituted|superseded) (?<g>[^,]+?) (?:by|with|for) (?<n>[^,]+?)${FOR}${TAIL}`,
    ),
    ({ s, g, n, of }) => ({ oldValue: g ?? '', subject: isWe(s) ? (of ?? '') : `${s} ${of ?? ''}`, newValue: n ?? '' }),
  ],
  [
    re(
      `(?<n>.+?) ${HELP}(?:replaces|replaced|supersedes|superseded|took the place of|takes the place of) (?<g>[^,]+?)${FOR}${TAIL}`,
    ),
    ({ n, g, of }) => (isWe(n) ? {} : { oldValue: g ?? '', subject: of ?? '', newValue: n ?? '' }),
  ],
  [
    re(
      `${WE} ${HELP}(?:${MOVES}|${VALUES}) (?<o>[^,]+?) from (?<g>[^,]+?) (?:to|onto|over to|into) (?<n>[^,]+?)${FOR}${TAIL}`,
    ),
    ({ o, g, n }) => ({ oldValue: g ?? '', subject: o ?? '', newValue: n ?? '' }),
  ],
  [
    re(`${WE} ${HELP}(?:${MOVES}|${VALUES}) from (?<g>[^,]+?) (?:to|onto|over to|into) (?<n>[^,]+?)${FOR}${TAIL}`),
    ({ g, n, of }) => ({ oldValue: g ?? '', subject: of ?? '', newValue: n ?? '' }),
  ],
  [
    re(
      `(?<s>.+?) ${HELP}(?:${MOVES}|${VALUES})(?: (?<o>[^,]+?))? from (?<g>[^,]+?) (?:to|onto|over to|into) (?<n>[^,]+?)${TAIL}`,
    ),
    ({ s, g, n }) => ({ oldValue: g ?? '', subject: s ?? '', newValue: n ?? '' }),
  ],
  [
    re(
      `${WE} ${HELP}(?:${MOVES})(?: (?<o>[^,]+?))? (?:off(?: of)?|away from|out of) (?<g>[^,]+?)${FOR}(?:,? (?:to|onto|over to) (?<n>[^,]+?))?${TAIL}`,
    ),
    ({ o, g, of, n }) => ({ oldValue: g ?? '', subject: `${o ?? ''} ${of ?? ''}`, newValue: n ?? '' }),
  ],
  [
    re(
      `(?<s>.+?) ${HELP}(?:${MOVES}) (?:off(?: of)?|away from) (?<g>[^,]+?)(?: (?:to|onto|over to) (?<n>[^,]+?))?${TAIL}`,
    ),
    ({ s, g, n }) => ({ oldValue: g ?? '', subject: s ?? '', newValue: n ?? '' }),
  ],
  [
    re(
      `(?<s>.+?) ${HELP}(?:went back|rolled back|reverted|returned|switched back|moved back|fell back)(?: (?<o>[^,]+?))? to (?<n>[^,]+?) from (?<g>[^,]+?)${TAIL}`,
    ),
    ({ s, o, n, g }) => ({ oldValue: g ?? '', subject: isWe(s) ? (o ?? '') : (s ?? ''), newValue: n ?? '' }),
  ],
  [
    re(
      `${WE} ${HELP}(?:went back|go back|rolled back|reverted|returned|back|switched back|moved back|fell back)(?: (?<o>[^,]+?))? (?:to|on|with) (?<n>[^,]+?)${FOR}${TAIL}`,
    ),
    ({ o, n, of }) => ({ subject: `${o ?? ''} ${of ?? ''}`, newValue: n ?? '', endsWhat: 'place' }),
  ],
  [
    re(
      `(?<s>.+?) ${HELP}(?:went back|rolled back|reverted|returned|back|switched back|moved back|fell back) (?:to|on) (?<n>[^,]+?)${TAIL}`,
    ),
    ({ s, n }) => ({ subject: s ?? '', newValue: n ?? '', endsWhat: 'place' }),
  ],
  [
    re(`${WE} ${HELP}(?:upgraded|updated|bumped|downgraded) (?<o>[^,]+?) to (?<n>[^,]+?)${FOR}${TAIL}`),
    ({ o, n, of }) => ({ subject: `${o} ${of ?? ''}`, newValue: n ?? '', endsWhat: 'version' }),
  ],
  [
    re(`(?<s>.+?) ${HELP}(?:upgraded|updated|bumped|downgraded) to (?<n>[^,]+?)${TAIL}`),
    ({ s, n }) => ({ subject: s ?? '', newValue: n ?? '', endsWhat: 'version' }),
  ],
  [
    re(
      `(?:${WE} ${HELP})?(?:released|shipped|published) (?:(?<o>[^,]+?) )?(?:version |release |v)?(?<n>\\d+(?:\\.\\d+)+)${TAIL}`,
    ),
    ({ o, n }) => ({ subject: `${o ?? ''} version`, newValue: n ?? '', endsWhat: 'release' }),
  ],
  [
    re(`${WE} ${HELP}(?:${VALUES}) (?<o>[^,]+?)(?: up| down| back)? to (?<n>[$€£]?\\d[^,]*?)${FOR}${TAIL}`),
    ({ o, n }) => ({ subject: o ?? '', newValue: n ?? '', endsWhat: 'number' }),
  ],
  [
    re(`(?<s>.+?) ${HELP}(?:${VALUES})(?: up| down| back)? to (?<n>[$€£]?\\d[^,]*?)${TAIL}`),
    ({ s, n }) => ({ subject: s ?? '', newValue: n ?? '', endsWhat: 'number' }),
  ],
  [
    re(`${WE} ${HELP}(?:${MOVES}) (?<o>[^,]+?) (?:to|onto|over to|into) (?<n>[^,]+?)${TAIL}`),
    ({ o, n }) => ({ subject: o ?? '', newValue: n ?? '', endsWhat: 'place' }),
  ],
  [
    re(`${WE} ${HELP}(?:${MOVES}) (?:to|onto|over to) (?<n>[^,]+?) (?:for|in) (?<of>[^,]+?)${TAIL}`),
    ({ n, of }) => ({ subject: of ?? '', newValue: n ?? '', endsWhat: 'place' }),
  ],
  [
    re(
      `(?!.* as an? (?:test|trial|experiment|pilot)\\b)(?<s>.+?) (?:(?:has|have|now|just|recently|finally|already|fully|completely|meanwhile) )*(?:${OWN_MOVES}) (?:its|their|his|her) (?:own )?(?<o>[^,]+?) (?:over to|to|onto|into) (?<n>[^,]+?)${TAIL}`,
    ),
    ({ s, o, n }) => ownMove(s, o, n),
  ],
  [
    re(`(?<s>.+?) ${HELP}(?:rewritten|reimplemented|rebuilt|reworked) (?:in|on|with) (?<n>[^,]+?)${TAIL}`),
    ({ s, n }) => ({ subject: s ?? '', newValue: n ?? '', endsWhat: 'place' }),
  ],
  [
    re(`${WE} ${HELP}(?:rewrote|reimplemented|rebuilt|reworked) (?<o>[^,]+?) (?:in|on|with) (?<n>[^,]+?)${TAIL}`),
    ({ o, n }) => ({ subject: o ?? '', newValue: n ?? '', endsWhat: 'place' }),
  ],
  [
    re(`(?<s>.+?) ${HELP}(?:${MOVES}) (?:to|onto|over to|into) (?<n>[^,]+?)${TAIL}`),
    ({ s, n }) => (isWe(s) ? {} : { subject: s ?? '', newValue: n ?? '', endsWhat: 'place' }),
  ],
  [
    re(
      `(?<s>.+?) ${HELP}no longer (?:with (?:us|the (?:company|team))|here|around|(?:work(?:s|ing)?|employed) (?:here|for us))`,
    ),
    ({ s }) => ({ oldValue: s ?? '', endsWhat: 'person' }),
  ],
  [
    re(`(?<s>.+?) (?:is|are|was|were) no longer (?<g>[^,]+?)${TAIL}`),
    ({ s, g }) => ({ oldValue: g ?? '', subject: s ?? '' }),
  ],
  [
    re(`(?<s>.+?) no longer (?<g>[^,]+?)${TAIL}`),
    ({ s, g }) => ({ oldValue: verbless(g), subject: isWe(s) ? '' : (s ?? '') }),
  ],
  [
    re(
      `(?<s>.+?) (?:does not|doesn['’]t|do not|don['’]t|cannot|can['’]t|isn['’]t|aren['’]t|is not|are not) (?<g>[^,]+?) (?:any ?more|any longer)\\b`,
    ),
    ({ s, g }) => ({ oldValue: verbless(g), subject: isWe(s) ? '' : (s ?? '') }),
  ],
  [
    re(`(?<s>.+?) ${HELP}(?:stopped|quit|ceased) (?<g>\\S+ing [^,]+?)${TAIL}`),
    ({ s, g }) => ({ oldValue: verbless(g), subject: isWe(s) ? '' : (s ?? '') }),
  ],
  [
    re(
      `${WE} ${HELP}(?:${GAVE_UP}) (?:(?:support for|using) )?(?!support for |using )(?<g>[^,]+?)(?: (?:for|in favou?r of) (?<n>[^,]+?))${FOR}${TAIL}`,
    ),
    ({ g, n, of }) => ({ oldValue: `${g} ${of ?? ''}`, newValue: n ?? '' }),
  ],
  [
    re(`${WE} ${HELP}(?:${GAVE_UP}) (?:(?:support for|using) )?(?!support for |using )(?<g>[^,]+?)${TAIL}`),
    ({ g }) => ({ oldValue: (g ?? '').replace(FROM_ALL, '') }),
  ],
  [
    re(`(?<g>.+?) ${HELP}${ARE_GONE}(?: (?:from|in|for|on) (?<of>[^,]+?))?(?: (?:in favou?r of) (?<n>[^,]+?))?${TAIL}`),
    ({ g, of, n }) => (isWe(g) ? {} : { oldValue: g ?? '', subject: of ?? '', newValue: n ?? '', everywhere: !of }),
  ],
  [
    re(`(?<g>.+?) (?:is|are) (?:now )?${FORBIDDEN}(?: (?:from|in|for|on) (?<of>[^,]+?))?${TAIL}`),
    ({ g, of }) => ({ oldValue: g ?? '', subject: of ?? '' }),
  ],
  [
    re(
      `(?<s>.+?) ${HELP}(?:${GAVE_UP}) (?:(?:support for|using) )?(?!support for |using )(?<g>[^,]+?)(?: (?:for|in favou?r of) (?<n>[^,]+?))?${TAIL}`,
    ),
    ({ s, g, n }) => ({ oldValue: g ?? '', subject: s ?? '', newValue: n ?? '' }),
  ],
  [
    re(
      `(?<s>\\S+(?: \\S+){0,2}) ${HELP}(?:left|quit|resigned|retired|departed|leaves|stepped down|stood down)(?: (?:as|from))?(?: (?<o>[^,@]+?))?${TAIL}`,
    ),
    ({ s, o }) =>
      !/^\p{Lu}/u.test(s ?? '') || isWe(s) || /^(?:it|that|there)$/i.test(s ?? '')
        ? {}
        : {
            oldValue: s ?? '',
            context: /^(?:us|the company|the firm|for good)$/i.test(o ?? '') ? '' : leftOf(o),
            endsWhat: 'person',
          },
  ],
];

/** Of "left the platform team for Acme" the team. */
const leftOf = (text = ''): string => text.split(/ (?:for|to|at|in|after|with|without) /i)[0] ?? '';
const isWe = (text: string | undefined): boolean => new RegExp(`^${WE}$`, 'i').test((text ?? '').trim());
/** "support Android 9" without the verb, if the verb is a common one. */
const verbless = (text = ''): string =>
  text.replace(
    /^(?:us(?:e|es|ing)|rel(?:y|ies|ying) on|depend(?:s|ing)? on|need(?:s)?|hav(?:e|ing)|want|run(?:s|ning)? on) /i,
    '',
  );
