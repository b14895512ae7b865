import { Unpackr } from 'msgpackr';

/** A span as dd-trace sent it, with its numbers in hexadecimal digits. */
export interface Span {
  readonly name: string;
  readonly service: string;
  readonly resource: string;
  /** Its last 64 bits, which are the same in every process. */
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly error: boolean;
  /** Start in milliseconds since 1970, and duration in milliseconds. */
  readonly start: number;
  readonly took: number;
  readonly tags: Readonly<Record<string, string | number>>;
  readonly links: readonly { readonly trace: string; readonly span: string }[];
}

interface Sent {
  readonly trace_id: bigint;
  readonly span_id: bigint;
  readonly parent_id: bigint;
  readonly name: string;
  readonly service: string;
  readonly resource: string;
  readonly error: number | bigint;
  readonly start: number | bigint;
  readonly duration: number | bigint;
  readonly meta: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

const unpackr = new Unpackr({ int64AsType: 'bigint', useRecords: false, mapsAsObjects: true });

/** Parses the body of `PUT /v0.4/traces`: a list of traces, each a list of spans. */
export function readSpans(body: Buffer): Span[] {
  return (unpackr.unpack(body) as Sent[][]).flat().map((sent) => ({
    name: sent.name,
    service: sent.service,
    resource: sent.resource,
    trace: hex(sent.trace_id),
    id: hex(sent.span_id),
    parent: BigInt(sent.parent_id) === 0n ? undefined : hex(sent.parent_id),
    error: Number(sent.error) === 1,
    start: Number(sent.start) / 1e6,
    took: Number(sent.duration) / 1e6,
    tags: { ...sent.metrics, ...sent.meta },
    links: readLinks(sent.meta['_dd.span_links']),
  }));
}

function readLinks(text: string | undefined): Span['links'] {
  const links = JSON.parse(text ?? '[]') as { trace_id: string; span_id: string }[];
  return links.map((link) => ({ trace: link.trace_id.slice(-16), span: link.span_id }));
}

const hex = (number: bigint | number): string => BigInt(number).toString(16).padStart(16, '0');
