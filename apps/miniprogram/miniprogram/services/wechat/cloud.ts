/** Calls a cloud function; rejects with WeChat's own words when there was no answer. */
export type CallCloud = (name: string, data: object) => Promise<unknown>;

/** `wx.cloud` of this environment, made ready at the first call. */
export function wechatCloud(env: string): CallCloud {
  let ready = false;
  return async (name, data) => {
    if (!ready) {
      if (wx.cloud === undefined) throw new Error('wx.cloud is missing');
      wx.cloud.init({ env, traceUser: false });
      ready = true;
    }
    const { result } = await wx.cloud.callFunction({ name, data: { ...data } });
    return result;
  };
}
