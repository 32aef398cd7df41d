import type { ComponentChildren, VNode } from "preact";

export { Component, createContext, h, render } from "preact";
export {
  useCallback,
  useContext,
  useDebugValue,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "preact/hooks";
export type { ComponentChildren, VNode };

/** Return the element that a template describes; see the documentation of htm. */
export const html: (strings: TemplateStringsArray, ...values: unknown[]) => VNode;
export const useErrorBoundary: (callback?: (error: Error) => void) => [Error | undefined, () => void];
