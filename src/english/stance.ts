/**
 * Distinguishes sentences that state a fact from plans, proposals, questions, suppositions, examples, attempts, quotations and reported
 * speech, which neither begin nor end anything.
 */

const QUOTED = /(?<![\p{L}\p{N}])(["'“‘«])(?=\S)([^"“”«»\n]{1,400}?)(?<=\S)(["'”’»])(?![\p{L}\p{N}])/gu;
const REPORTED =
  /\b(?:says?|said|claim(?:s|ed)?|thinks?|thought|believes?|believed|wr(?:ote|ites)(?= that\b|[:,]|[ ]?["“'‘])|asks?|asked|wonders?|wondered|heard|rumou?rs?|reportedly|allegedly|supposedly|according to|mentioned|guess(?:es|ed)?|hopes?|hoped|fears?|feared|assumes?|assumed)\b/i;
const SUPPOSED =
  /\b(?:if|unless|would|could|might|(?<!\d |\b(?:in|since|from|until|till|of|by|last|this|next|starting|during|to) )may(?= \p{Ll})|maybe|perhaps|possibly|probably|suppose|imagine|in case|whether|were to|hypothetically)\b|\bwhat if\b/iu;
const PLANNED =
  /\b(?:plan(?:s|ned|ning)? (?:to|on|for)|going to|gonna|will|shall|should|ought to|intend(?:s|ed|ing)?|aim(?:s|ed)? to|want(?:s|ed)? to|would like|need(?:s|ed)? to be|ha(?:s|ve) to be|hop(?:e|ing) to|propos(?:e|es|ed|al|ing)|suggest(?:s|ed|ing|ion)?|recommend(?:s|ed|ing)?|consider(?:s|ed|ing)?|discuss(?:es|ed|ing)?|evaluat(?:e|es|ed|ing)|think(?:ing)? (?:about|of)|let['’]s(?! encrypt)|let us|decided against|not yet|roadmap|some day|someday|eventually|draft|to-?do|wish(?:es)?|expect(?:s|ed)? to|about to|candidates? (?:is|are|for)|considering|vote[ds]? (?:for|against)|offer(?:s|ed)? to|promis(?:e|es|ed) to|agreed? to)\b/i;
const ATTEMPTED =
  /\b(?:tr(?:y|ies|ied|ying) (?:to|out|it)|attempt(?:s|ed|ing)?|experiment(?:s|ed|ing)? with|prototyp(?:e|ed|ing)|proof of concept|rolled back (?:the same|again|after|within|on the)|reverted (?:it|that|the change|again|the same)|undid|almost|nearly|failed to|spike|trial run|benchmarked|compared)\b/i;
const EXAMPLE =
  /\b(?:for example|for instance|e\.g\.?|such as|as an example|let's say|say we|pretend|example:|suppose|imagine|to illustrate|hypothetical)(?![\p{L}])/iu;
const FORMERLY =
  /\b(?:used to|previously|formerly|originally|in the past|back then|once upon|at first|initially|years ago|historically|before (?:that|then))\b|^before\b/i;
const ADDED =
  /\b(?:also|too|as well(?! as)|in addition|additionally|another|besides|alongside|together with|along with|jointly|as well as|on top of that|a second|partly|partially|some of|half of|mostly|sometimes|occasionally|temporar(?:y|ily)|for the moment|for now|until further notice|while \p{L}+ is (?:away|on holiday|on leave|ill|sick)|covers? for|fill(?:s|ing) in for|stand(?:s|ing) in for|fallback|as a backup|in parallel)\b/iu;
const NOT_DONE =
  /\b(?:did|have|has|had|was|were|is|are|do|does)(?: not|n['’]t) (?:yet |been |being |actually |ever |really |to )*(?:switch|mov|replac|migrat|chang|renam|upgrad|drop|remov|retir|abandon|swap|convert|giv|tak|put|postpon|turn|shut|left|leav|stop|end|go)\p{L}*\b|\bnever\b|\b(?:refus|reject|declin)\p{L}* (?:to|the (?:idea|proposal|plan|change|move|migration|switch))\b|\bkeeps? (?:using|it)\b|\bsticks? (?:with|to)\b|\bnot (?:because|only)\b/iu;
const ENDS_IN_NEGATION = /\bno longer\b|\b(?:any ?more|any longer)\b|\bnot allowed\b/i;

/** The sentence without quoted text, which is another person's. Short quotations stay, because they are names. */
export function withoutQuotations(sentence: string): string {
  return sentence.replace(QUOTED, (all, _open, words: string) => (/\S\s+\S+\s+\S/.test(words) ? ' ' : all));
}

/**
 * `states` if a sentence claims, in its author's own name, that something is so or has happened. `adds` if the earlier state continues to
 * hold, or if the new state is temporary.
 */
export function stanceOf(sentence: string): 'states' | 'adds' | 'none' {
  if (/[?？]["')\]”]{0,4}$/.test(sentence) || /^\s*["“‘'«]/.test(sentence)) return 'none';
  if ([REPORTED, SUPPOSED, PLANNED, ATTEMPTED, EXAMPLE, FORMERLY].some((kind) => kind.test(sentence))) return 'none';
  if (NOT_DONE.test(sentence) && !ENDS_IN_NEGATION.test(sentence)) return 'none';
  return ADDED.test(sentence) ? 'adds' : 'states';
}
