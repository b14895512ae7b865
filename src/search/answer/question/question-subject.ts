/** Longer texts are prompts, not questions about one thing. */
const LONGEST = 200;
/** Of a name. */
const MOST_WORDS = 8;
/** Words that only ask for what is known, and name nothing: "what do you know about …", "give me an overview of …". */
const FRAME_WORD =
  "(?:please|so|ok|okay|hey|hi|and|can|could|would|should|must|need|do|does|did|have|has|you|we|i|me|us|my|our|your|agent|memory|what|what['’]s|which|all|any|anything|everything|something|more|else|is|are|was|were|the|a|an|there|to|that|exactly|already|currently|now|short|quick|brief|know|known|remember|remembered|recall|tell|show|give|update|inform|remind|say|said|store|stored|record|recorded|save|saved|note|noted|learn|learned|learnt|find|found|fact|facts|info|information|details|overview|summary|background|bitte|wei(?:ß|ss)t|wissen|wei(?:ß|ss)|du|wir|ich|ist|mir|erz(?:ä|ae)hle?|sag|zeig|alles|etwas|mehr|bekannt|informationen)";
/** The last word before the subject. "of" and "on" also belong to other questions, so what is asked for must stand before them. */
const LEAD =
  '(?:(?:about|regarding|concerning|über|ueber)|(?:everything|anything|all|info|information|facts|details|overview|summary|background|know|known|alles) (?:of|on|zu|von))';
const FRAME = new RegExp(String.raw`^(?:${FRAME_WORD}[,:]?\s+)*?${LEAD}\s+(\S.*)$`, 'isu');
const COMMAND = /^(?:please |can you |could you )*(?:describe|summari[sz]e|introduce(?: me to)?)\s+(\S.*)$/isu;
const IDENTITY =
  /^(?:(?:so|ok|and|hey),? )?(?:(?:who|what|who or what|wer|was)(?:['’]s|['’]re| exactly is| is| are| was| were| ist| sind| war)|do you know)\s+(\S.*?)(?: about| again| exactly)?$/isu;
const PURPOSE = /^what (?:does|do|did) (\S.*) do$/isu;
const END = /[\s?!.…"'”’»`]+$|[,;]? (?:please|again|now|currently|so far|bitte)$/iu;

/** A question without the words that only say that it asks for what is known: of "what do you know about Harbor?" the name. */
export function topicOf(question: string): string {
  if (question.length > LONGEST) return question;
  const asked = question.trim();
  const topic = FRAME.exec(asked)?.[1] ?? COMMAND.exec(asked)?.[1];
  return (topic === undefined ? '' : bare(topic)) || question;
}

const ARTICLE = /^(?:the|our|my|your|der|die|das|unser(?:e)?)\s+/iu;
const KIND =
  /\s+(?:project|service|app|application|repo|repository|library|package|tool|team|module|component|system|server|database|company|product|projekt|dienst)$/iu;

/** What a question asks for if it is about one named thing. Only the memory knows which names exist. */
export interface QuestionSubject {
  /** The names that the subject may have, the most exact first; none for a long question. */
  readonly names: readonly string[];
  /** The question has the words of one about a thing; false for words alone. */
  readonly isAsked: boolean;
}

/** @param question as the user asked */
export function subjectOf(question: string): QuestionSubject {
  if (question.length > LONGEST) return { names: [], isAsked: false };
  const topic = bare(topicOf(question));
  const identity = IDENTITY.exec(topic)?.[1] ?? PURPOSE.exec(topic)?.[1];
  const subject = bare(identity ?? topic);
  if (subject.split(/\s+/).length > MOST_WORDS) return { names: [], isAsked: false };
  const withoutArticle = subject.replace(ARTICLE, '');
  const names = [...new Set([subject, withoutArticle, withoutArticle.replace(KIND, '')])].filter((name) => name !== '');
  return { names, isAsked: identity !== undefined || topicOf(question) !== question };
}

/** Without quotation marks around it, and what may follow it. */
function bare(text: string): string {
  let rest = text.trim().replace(/^["'“‘«`]+/u, '');
  for (let shorter = rest.replace(END, ''); shorter !== rest; shorter = rest.replace(END, '')) rest = shorter;
  return rest;
}
