//! The events of a watch, one by one.

use std::{pin::Pin, sync::Arc};

use anyhow::bail;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};

use super::{Call, Cut, Event, Stage};

type Chunks = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// The same events, as far as the script lets them through.
pub(super) fn events(
    stage: Arc<Stage>,
    call: Call,
    answer: reqwest::Response,
) -> impl Stream<Item = anyhow::Result<Bytes>> + Send {
    struct State {
        stage: Arc<Stage>,
        call: Call,
        chunks: Option<Chunks>,
        rest: BytesMut,
    }
    let state = State {
        stage,
        call,
        chunks: Some(Box::pin(answer.bytes_stream())),
        rest: BytesMut::new(),
    };
    stream::try_unfold(state, async |mut state| {
        loop {
            if let Some(end) = state.rest.iter().position(|byte| *byte == b'\n') {
                let line = state.rest.split_to(end + 1).freeze();
                let event = Event::of(&line);
                let cut = state
                    .stage
                    .with_script(|script| script.event(&state.call, &event));
                return match cut {
                    Cut::None => Ok(Some((line, state))),
                    Cut::End => Ok(None),
                    Cut::Break => bail!("the script breaks the connection"),
                };
            }
            let Some(chunks) = &mut state.chunks else {
                return Ok(None);
            };
            match chunks.next().await {
                Some(chunk) => state.rest.extend_from_slice(&chunk?),
                None => state.chunks = None,
            }
        }
    })
}
