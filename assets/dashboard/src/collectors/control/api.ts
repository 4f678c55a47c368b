// What an administrator does to one collector. None of it is shown as done
// before the server has said so, except tags and group.
import { api, type Dispatch } from '../../api/client';
import type { AcceptedAction, Action, Collector, ConfigChange, ConfigSaved, Farewell, RotatedToken, Unregistered } from '../../api/types';
import { collectorsApi } from '../api';

export type ControlKind = 'stop' | 'restart' | 'resume';

export interface ControlRequest {
  id: string;
  kind: ControlKind;
  reason?: string | undefined;
  estimated_duration_minutes?: number | undefined;
}

const at = (id: string, rest: string) => `collectors/${encodeURIComponent(id)}${rest}`;

export const controlApi = api.injectEndpoints({
  endpoints: (build) => ({
    control: build.mutation<AcceptedAction, ControlRequest>({
      query: ({ id, kind, ...body }) => ({ url: at(id, `/${kind}`), method: 'POST', body }),
      invalidatesTags: (_, error, { id }) => (error ? [] : [{ type: 'CollectorAudit', id }, 'Audit']),
    }),
    action: build.query<Action, string>({ query: (id) => `actions/${encodeURIComponent(id)}` }),
    unregister: build.mutation<Unregistered, { id: string } & Farewell>({
      query: ({ id, ...body }) => ({ url: at(id, ''), method: 'DELETE', body }),
      invalidatesTags: (_, error) => (error ? [] : ['Collectors', 'Archived', 'Audit']),
    }),
    rotateToken: build.mutation<RotatedToken, string>({
      query: (id) => ({ url: at(id, '/restart-jwt'), method: 'POST', body: {} }),
      invalidatesTags: (_, error, id) =>
        error
          ? []
          : [
              { type: 'Collector', id },
              { type: 'CollectorAudit', id },
            ],
    }),
    saveConfig: build.mutation<ConfigSaved, { id: string; change: ConfigChange }>({
      query: ({ id, change }) => ({ url: at(id, '/update-config'), method: 'POST', body: change }),
      invalidatesTags: (_, error, { id }) =>
        error ? [] : [{ type: 'Collector', id }, { type: 'CollectorAudit', id }, 'Collectors', 'Audit'],
    }),
  }),
});

export const { useControlMutation, useUnregisterMutation, useRotateTokenMutation, useSaveConfigMutation } = controlApi;

/** Changes a collector wherever the page shows it. Gives a way back, should the server refuse. */
export function patchCollector(id: string, change: (collector: Collector) => void) {
  return (dispatch: Dispatch): { undo: () => void } => {
    const inFleet = dispatch(
      collectorsApi.util.updateQueryData('collectors', undefined, (fleet) => {
        const collector = fleet.entities[id];
        if (collector) change(collector);
      }),
    );
    const alone = dispatch(collectorsApi.util.updateQueryData('collector', id, change));
    return {
      undo: () => {
        inFleet.undo();
        alone.undo();
      },
    };
  };
}
