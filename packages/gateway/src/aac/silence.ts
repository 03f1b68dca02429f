/** Frames of AAC-LC that decode to silence, for gaps that would make players freeze. */

// raw_data_block() of ISO 14496-3 §4.4.2.1 with max_sfb 0, so with no spectrum at all; a long window; the rate does not
// matter. Mono: single_channel_element(global_gain 140), ID_END. Stereo: channel_pair_element(common_window, both
// channels alike), ID_END. Byte for byte what common encoders make of digital silence.
const mono = Uint8Array.of(0x01, 0x18, 0x20, 0x07);
const stereo = Uint8Array.of(0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c);

/** One silent frame of 1,024 samples; shared, so never written to. */
export function silentFrame(channels: 1 | 2): Uint8Array {
  return channels === 1 ? mono : stereo;
}
