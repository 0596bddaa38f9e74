//! Voice Agent for Node: the crate is here so that the workspace has its shape; the binding itself is yet to come.
