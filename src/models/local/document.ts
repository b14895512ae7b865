import { type Heading, headingKind, PEOPLE_LISTS, type Section, sectionOf } from './headings.ts';

/** One paragraph or list item of markdown, and where in the document it stands. */
export interface Block {
  readonly markdown: string;
  readonly isItem: boolean;
  /** Outermost first; headings of mere sections ("Bug Fixes") are not among them. */
  readonly headings: readonly Heading[];
  readonly section: Section | null;
}

/** Whatever is longer is cut, so that no expression runs over a megabyte. */
const LONGEST_BLOCK = 4_000;
const HEADING = /^ {0,3}(#{1,6})\s+(.{1,300})/;
const ITEM = /^\s{0,20}(?:[-*+•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(?=\S)/;
const FENCE = /^\s{0,20}(?:```|~~~)/;
const RULE = /^\s{0,3}(?:[-*_=]\s{0,3}){3,}$/;
const TOPIC_LINE = /^\s{0,3}(?:topic|subject|title)\s{0,3}:\s{0,3}(\S.{0,200})$/i;
const FULL_CHANGELOG = /^[\s*[]{0,9}full changelog/i;
/** A line this long was probably broken by an editor, so the next one continues its sentence. */
const WRAPPED_LINE = 60;

/** The blocks of a markdown document, read as they are asked for. */
export function* blocks(content: string): Generator<Block> {
  const reading = new Reading();
  for (const line of content.split(/\r?\n/)) {
    yield* reading.take(line);
  }
  yield* reading.end();
}

class Reading {
  private headings: readonly Heading[] = [];
  private section: Section | null = null;
  private open: string[] = [];
  private openIsItem = false;
  private inFence = false;
  private started = false;
  /** Level of a heading under which nothing is of interest (contributors); 0 when there is none. */
  private skipped = 0;

  *take(line: string): Generator<Block> {
    if (FENCE.test(line)) {
      yield* this.end();
      this.inFence = !this.inFence;
      return;
    }
    if (this.inFence) return;
    const heading = this.headingIn(line);
    if (heading) {
      yield* this.end();
      this.enter(heading);
    } else if (line.trim() === '' || RULE.test(line) || FULL_CHANGELOG.test(line)) {
      yield* this.end();
    } else {
      yield* this.addLine(line);
    }
  }

  *end(): Generator<Block> {
    const text = this.open.join(' ');
    this.open = [];
    if (text === '' || this.skipped > 0 || PEOPLE_LISTS.test(/^\*\*[^*]{1,60}:\*\*/.exec(text)?.[0] ?? '')) return;
    for (let start = 0; start < text.length; start += LONGEST_BLOCK) {
      const markdown = text.slice(start, start + LONGEST_BLOCK);
      yield { markdown, isItem: this.openIsItem, headings: this.headings, section: this.section };
    }
  }

  private headingIn(line: string): Heading | null {
    const hashes = HEADING.exec(line);
    if (hashes?.[1] && hashes[2]) return { level: hashes[1].length, markdown: hashes[2].replace(/\s#+\s*$/, '') };
    const topic = this.started ? null : TOPIC_LINE.exec(line);
    this.started ||= line.trim() !== '';
    return topic?.[1] ? { level: 0, markdown: topic[1] } : null;
  }

  private enter(heading: Heading): void {
    this.started = true;
    if (this.skipped > 0 && heading.level > this.skipped) return;
    const kind = headingKind(heading);
    this.skipped = kind === 'skipped' ? heading.level : 0;
    this.section = kind === 'section' ? sectionOf(heading) : null;
    if (kind === 'release') this.headings = [...this.headings.filter(isTitleOver(heading)), heading];
    if (kind === 'topic') this.headings = [...this.headings.filter((outer) => outer.level < heading.level), heading];
  }

  private *addLine(line: string): Generator<Block> {
    const item = ITEM.exec(line);
    const isQuote = /^\s{0,3}>/.test(line);
    if (item || !this.continues(line)) {
      yield* this.end();
      this.openIsItem = item !== null;
    }
    const words = item ? line.slice(item[0].length) : isQuote ? line.replace(/^\s{0,3}>\s?/, '') : line.trim();
    this.open.push(words.trimEnd());
  }

  private continues(line: string): boolean {
    const last = this.open.at(-1);
    if (last === undefined) return false;
    if (this.openIsItem) return /^\s{2,}/.test(line);
    if (/[.!?:。]["')\]]?$/.test(last)) return false;
    return last.length >= WRAPPED_LINE || /^\s{0,3}\p{Ll}/u.test(line);
  }
}

/** Changelogs give minor releases a higher level than patches, at times the level of the document's title. */
function isTitleOver(release: Heading): (outer: Heading, place: number) => boolean {
  return (outer, place) => headingKind(outer) !== 'release' && (outer.level < release.level || place === 0);
}
