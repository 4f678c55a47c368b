import { combineReducers, configureStore, createListenerMiddleware } from '@reduxjs/toolkit';
import { api, SESSION_ENDED } from '../api/client';
import { connectionReducer } from '../api/live';

const listeners = createListenerMiddleware();

// The session query then fails, and the frame sends the person to the sign-in.
listeners.startListening({
  predicate: (action) => action.type === SESSION_ENDED,
  effect: (_, { dispatch }) => {
    dispatch(api.util.invalidateTags(['Session']));
  },
});

const reducer = combineReducers({ [api.reducerPath]: api.reducer, connection: connectionReducer });

export const store = configureStore({
  reducer,
  middleware: (defaults) =>
    defaults({ immutableCheck: false, serializableCheck: false }).prepend(listeners.middleware).concat(api.middleware),
});

export type AppState = ReturnType<typeof reducer>;
