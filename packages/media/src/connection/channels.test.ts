import { describe, expect, it } from 'vitest';
import { DEFAULT_CONNECTION_LIMITS } from './limits.ts';
import { Harness } from './testing/fakes.ts';
import { acceptAll, application, audio, sdp } from './testing/sdp.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function client(limits = DEFAULT_CONNECTION_LIMITS) {
  const h = new Harness('single', { limits });
  h.connection.acceptOffer(sdp({ sections: [audio('0'), application('1')] }), 1);
  return h;
}

describe('data channels', () => {
  it('[PC60] takes the client’s three channels and closes any other', () => {
    const h = client();
    expect(h.channels.options).toMatchObject({ role: 'server', maxMessageSize: 262_144, remotePort: 5_000 });
    h.channels.open(0, '_reliable');
    h.channels.open(2, '_lossy');
    h.channels.open(4, '_data_track');
    h.channels.open(6, 'other');
    expect(h.opened).toEqual(['reliable', 'lossy', 'data_track']);
    expect(h.channels.closedChannels).toEqual([6]);
    expect(h.channels.created).toEqual([]);
  });

  it('[PC61] makes them itself towards a subscriber: reliable in order, the others without retransmission', () => {
    const h = new Harness('subscriber');
    const offer = h.connection.createOffer()!;
    expect(h.associations).toEqual([]);
    h.connection.acceptAnswer(acceptAll(offer.sdp), offer.id);
    expect(h.channels.created).toEqual([
      { label: '_reliable', ordered: true, maxRetransmits: null },
      { label: '_lossy', ordered: false, maxRetransmits: 0 },
      { label: '_data_track', ordered: false, maxRetransmits: 0 },
    ]);
  });

  it('[PC62] sends on open channels; lossy data is dropped above its backlog, reliable data refused by the channel', () => {
    const h = client({ ...DEFAULT_CONNECTION_LIMITS, lossyBacklogBytes: 10 });
    expect(h.connection.sendData('lossy', bytes('early'))).toBe(false);
    h.channels.open(0, '_reliable');
    h.channels.open(2, '_lossy');
    expect(h.connection.sendData('lossy', bytes('1234567890'))).toBe(true);
    h.channels.backlog = 1;
    expect(h.connection.sendData('lossy', bytes('1234567890'))).toBe(false);
    expect(h.connection.sendData('reliable', bytes('1234567890'))).toBe(true);
    expect(h.connection.sendData('data_track', bytes('x'))).toBe(false);
    expect(h.channels.sent.map(({ id }) => id)).toEqual([2, 0]);
    expect([h.connection.dataBacklog('lossy'), h.connection.dataBacklog('data_track')]).toEqual([1, 0]);
  });

  it('[PC63] carries packets of the association, begins it once connected and hands binary messages on by kind', () => {
    const h = client();
    expect(h.channels.started).toBe(false);
    h.setState('connected');
    expect(h.channels.started).toBe(true);
    h.peer.onData(0, bytes('packet'));
    expect(h.channels.received).toEqual([bytes('packet')]);
    h.channels.options.sendPacket(bytes('out'));
    expect(h.transport.sent).toEqual([bytes('out')]);
    h.channels.open(0, '_reliable');
    h.channels.open(6, 'other');
    h.channels.options.sink.onMessage(0, bytes('hello'));
    h.channels.options.sink.onMessage(0, 'text');
    h.channels.options.sink.onMessage(6, bytes('nobody'));
    expect(h.data).toEqual([['reliable', bytes('hello')]]);
  });

  it('[PC64] a channel made anew takes the place of the former one; a closed one is not sent on', () => {
    const h = client();
    h.channels.open(0, '_reliable');
    h.channels.open(8, '_reliable');
    expect(h.channels.closedChannels).toEqual([0]);
    h.channels.options.sink.onClose(0);
    expect(h.connection.sendData('reliable', bytes('x'))).toBe(true);
    expect(h.channels.sent[0]!.id).toBe(8);
    h.channels.options.sink.onClose(8);
    expect(h.connection.sendData('reliable', bytes('x'))).toBe(false);
  });

  it('[PC63] one association for the life of the connection', () => {
    const h = client();
    h.connection.acceptOffer(sdp({ sections: [audio('0'), application('1')], ufrag: 'Again' }), 2);
    expect(h.associations).toHaveLength(1);
  });

  it('[PC63] a data section that comes after the connection begins at once', () => {
    const h = new Harness('single');
    h.connection.acceptOffer(sdp({ sections: [audio('0')] }), 1);
    h.setState('connected');
    h.connection.acceptOffer(sdp({ sections: [audio('0'), application('1')] }), 2);
    expect(h.channels.started).toBe(true);
  });
});
