import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openWire, type Wire } from './wire.ts';

/** Decides about a held message. After `drop` its connection carries no more data. */
export type MessageDecision = () => 'forward' | 'drop' | Promise<'forward' | 'drop'>;

/** Holds one message on its way to the server, or the reply to it. */
export interface Interception {
  readonly matches: (message: Message) => boolean;
  /** Called while the message is held. */
  readonly before?: MessageDecision;
  /** Called while the reply is held; the server has carried out the command. */
  readonly after?: MessageDecision;
}

/** The arguments of a command to Valkey or FalkorDB; for other servers all bytes since the last reply, as one text. */
export type Message = readonly string[];

/** A proxy on its own port that forwards to another server until told to stop. */
export interface WireProxy {
  readonly host: string;
  readonly port: number;
  /** The number of open connections. */
  readonly open: () => number;
  /** Intercepts the first message that matches, once. */
  intercept(interception: Interception): void;
  /** Open connections silently carry no more data in either direction, as if a router had dropped them. */
  blackHole(which?: (wire: Wire) => boolean): number;
  /** New connections are accepted and never answered. */
  swallowNew(isSwallowing: boolean): void;
  /** New connections go to another server; open ones stay, as behind a Kubernetes service. */
  switchTo(target: Target): void;
  /** Closes all open connections. */
  cut(): void;
  /** Delays each message. */
  delay(milliseconds: number): void;
  close(): Promise<void>;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** @param protocol `resp` for Valkey and FalkorDB, whose commands are parsed; `bytes` for any other server */
export async function startProxy(first: Target, protocol: 'resp' | 'bytes'): Promise<WireProxy> {
  const wires = new Set<Wire>();
  const interceptions: Interception[] = [];
  let target = first;
  let slowness = 0;
  let isSwallowing = false;

  const findInterception = (message: Message): Interception | undefined => {
    const index = interceptions.findIndex(({ matches }) => matches(message));
    return index < 0 ? undefined : interceptions.splice(index, 1)[0];
  };

  function take(client: Socket): void {
    const server = connect(target.port, target.host);
    const wire = openWire(client, server, protocol, {
      findInterception,
      slowDown: () => slowness > 0 && sleep(slowness),
    });
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
    intercept: (interception) => void interceptions.push(interception),
    blackHole(which = () => true) {
      const chosen = [...wires].filter(which);
      for (const wire of chosen) wire.blackHole();
      return chosen.length;
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
