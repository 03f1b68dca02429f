import type { LocalSection } from '../sdp/write.ts';
import type { ConnectionLimits } from './limits.ts';
import type { SectionState } from './sections.ts';

/** SCTP port of ours: the one that WebRTC uses everywhere. */
const SCTP_PORT = 5_000;

/** The table as the sections of a description. */
export function describe(sections: readonly SectionState[], limits: ConnectionLimits): LocalSection[] {
  return sections.map((section) => describeSection(section, limits));
}

function describeSection(section: SectionState, limits: ConnectionLimits): LocalSection {
  const { mid, protocol } = section;
  if (section.rejected) {
    const payloadTypes =
      section.kind === 'application' || section.payloadTypes.length === 0 ? [0] : section.payloadTypes;
    return { kind: 'rejected', media: section.kind, mid, protocol, payloadTypes };
  }
  if (section.kind === 'application') {
    return { kind: 'application', mid, protocol, sctpPort: SCTP_PORT, maxMessageSize: limits.maxMessageSize };
  }
  const { kind, direction, codecs, extensions, extmapAllowMixed, rids, subscription } = section;
  const track =
    subscription === null || direction !== 'sendonly'
      ? null
      : {
          streamId: subscription.streamId,
          trackId: subscription.trackSid,
          cname: subscription.cname,
          ssrc: subscription.ssrc,
          rtxSsrc: subscription.rtxSsrc,
        };
  return {
    kind,
    mid,
    protocol,
    direction,
    codecs,
    extensions,
    extmapAllowMixed,
    rids,
    track,
    feedback: section.publication === null ? 'downlink' : 'uplink',
  };
}
