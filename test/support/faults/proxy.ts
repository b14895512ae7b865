import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openWire, type Wire } from './wire.ts';

/** Decides what becomes of what is held meanwhile; what is dropped takes its connection with it into a black hole. */
export type Act = () => 'forward' | 'drop' | Promise<'forward' | 'drop'>;

/** What is looked for on its way to the server. */
export interface Watch {
  /** True for the message that is meant. */
  readonly isMeant: (message: Message) => boolean;
  /** The message is held. */
  readonly before?: Act;
  /** The server has carried it out; its reply is held. */
  readonly after?: Act;
}

/** The words of a command to Valkey or FalkorDB; of other servers all bytes since the last reply, as one text. */
export type Message = readonly string[];

/** A proxy with its own port that forwards everything to another server, or stops to. */
export interface WireProxy {
  readonly host: string;
  readonly port: number;
  /** Connections that are open, with the messages that each began with. */
  readonly open: () => number;
  /** Waits for one message; each watch is used up by the first that is meant. */
  watch(watch: Watch): void;
  /** The present connections carry nothing any more, in both directions, without an error: as if a router had forgotten them. */
  blackHole(which?: (wire: Wire) => boolean): number;
  /** New connections are taken and never answered. */
  swallowNew(isSwallowing: boolean): void;
  /** New connections lead to another server; those of now stay where they are, as behind a Kubernetes service. */
  switchTo(target: Target): void;
  /** Ends the connections of now. */
  cut(): void;
  /** Delays each message by this number of milliseconds. */
  delay(milliseconds: number): void;
  close(): Promise<void>;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** @param speaks `resp` for Valkey and FalkorDB, whose commands are told apart; `bytes` for anything else */
export async function startProxy(first: Target, speaks: 'resp' | 'bytes'): Promise<WireProxy> {
  const wires = new Set<Wire>();
  const watches: Watch[] = [];
  let target = first;
  let slowness = 0;
  let isSwallowing = false;

  const findWatch = (message: Message): Watch | undefined => {
    const place = watches.findIndex(({ isMeant }) => isMeant(message));
    return place < 0 ? undefined : watches.splice(place, 1)[0];
  };

  function take(client: Socket): void {
    const server = connect(target.port, target.host);
    const wire = openWire(client, server, speaks, { findWatch, slowDown: () => slowness > 0 && sleep(slowness) });
    if (isSwallowing) wire.blackHole();
    wires.add(wire);
    client.once('close', () => wires.delete(wire));
  }

  const listener: Server = createServer({ noDelay: true }, take);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    open: () => wires.size,
    watch: (watch) => void watches.push(watch),
    blackHole(which = () => true) {
      const meant = [...wires].filter(which);
      for (const wire of meant) wire.blackHole();
      return meant.length;
    },
    swallowNew(swallowing) {
      isSwallowing = swallowing;
    },
    switchTo(next) {
      target = next;
    },
    cut() {
      for (const wire of wires) wire.cut();
    },
    delay(milliseconds) {
      slowness = milliseconds;
    },
    async close() {
      for (const wire of wires) wire.cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
