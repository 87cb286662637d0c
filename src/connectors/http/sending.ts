/**
 * Says of a request that failed whether it had begun to leave: one that waited for a connection, or whose connection could
 * not be made, has surely not arrived; of any other nobody knows.
 */
import type { Dispatcher } from 'undici';

export interface Sending {
  /** To send the request with. For one request only. */
  readonly dispatcher: Dispatcher;
  /** True from the moment at which its first byte could be written. */
  readonly begun: boolean;
}

/** @param agent what sends */
export function watchSending(agent: Dispatcher): Sending {
  let begun = false;
  const dispatcher = agent.compose((dispatch) => (options, handler) => dispatch(options, watched(handler)));
  /** undici calls `onRequestStart` when it takes the request from its queue to a connection that stands. */
  const watched = (handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler => ({
    onRequestStart: (controller, context) => {
      begun = true;
      handler.onRequestStart?.(controller, context);
    },
    onRequestUpgrade: (...told) => handler.onRequestUpgrade?.(...told),
    onResponseStart: (...told) => handler.onResponseStart?.(...told),
    onResponseData: (...told) => handler.onResponseData?.(...told),
    onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
    onResponseError: (...told) => handler.onResponseError?.(...told),
  });
  return {
    dispatcher,
    get begun() {
      return begun;
    },
  };
}
