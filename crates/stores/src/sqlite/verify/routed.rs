//! Which vectors are of which model, in a store of several.

use super::super::{routed, search};
use super::{Check, Cure, Outcome, Soundness};
use crate::search::codes::BlockView;

impl Check<'_> {
    /// Tables that a store of several models has besides; they come back empty, and the codes tell what was there.
    pub(super) fn routed_tables(&mut self) -> Outcome<Soundness> {
        if !routed::is_routed(self.conn)? {
            return Ok(Soundness::Sound);
        }
        let mut soundness = Soundness::Sound;
        for (name, statement) in routed::SCHEMA {
            let there = self
                .conn
                .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name=?1")?
                .exists([name])?;
            if there {
                continue;
            }
            self.findings.add("schema", name, "it is gone", Cure::Here);
            if self.mends() {
                self.conn.execute_batch(statement)?;
            } else {
                soundness = Soundness::Damaged;
            }
        }
        Ok(soundness)
    }

    /// Every row is of a vector, of a model and of its chunk's version; every vector that has codes of a routed
    /// model is that model's.
    pub(super) fn routed(&mut self) -> Outcome<()> {
        let models = routed::models(self.conn)?.len() as i64;
        if models == 0 {
            return Ok(());
        }
        let wrong = "model NOT BETWEEN 1 AND ?1
              OR NOT EXISTS(SELECT 1 FROM vector v WHERE v.chunk=routed.chunk)
              OR EXISTS(SELECT 1 FROM chunk c WHERE c.id=routed.chunk
                 AND (c.document<>routed.document OR c.version<>routed.version))";
        let sql = format!("SELECT count(*) FROM routed WHERE {wrong}");
        let count: u64 = self.conn.prepare(&sql)?.query_row([models], |r| r.get(0))?;
        if count > 0 {
            let message = format!("{count} rows are of no vector, no model or another version");
            self.findings.add("routed", "routed", message, Cure::Here);
            if self.mends() {
                self.conn.execute(&format!("DELETE FROM routed WHERE {wrong}"), [models])?;
            }
        }
        for model in 1..=models {
            self.unmarked(model)?;
        }
        Ok(())
    }

    /// A vector whose codes say one model and whose row says another, or nothing.
    fn unmarked(&mut self, model: i64) -> Outcome<()> {
        let mut blocks =
            self.conn.prepare("SELECT n, chunks, data FROM routed_code WHERE model=?1")?;
        let mut blocks = blocks.query([model])?;
        let mut lost = Vec::new();
        while let Some(block) = blocks.next()? {
            let chunks = block.get_ref(1)?.as_blob().unwrap_or_default();
            let data = block.get_ref(2)?.as_blob().unwrap_or_default();
            // Blocks that cannot be read are told, and made again, by the check of codes.
            let Ok(view) = BlockView::new(block.get(0)?, chunks, data) else { continue };
            for chunk in view.chunks() {
                let is_lost = self
                    .conn
                    .prepare_cached(
                        "SELECT 1 FROM vector v WHERE v.chunk=?1 AND NOT EXISTS(
                           SELECT 1 FROM routed r WHERE r.chunk=v.chunk AND r.model=?2)",
                    )?
                    .exists([chunk, model])?;
                if is_lost {
                    lost.push(chunk);
                }
            }
        }
        if lost.is_empty() {
            return Ok(());
        }
        let message =
            format!("of {} vectors it is not said that they are model {model}'s", lost.len());
        self.findings.add("routed", "routed", message, Cure::Here);
        if self.mends() {
            for chunk in lost {
                self.conn
                    .prepare_cached(
                        "INSERT OR REPLACE INTO routed(chunk, model, document, version)
                         SELECT c.id, ?2, c.document, c.version FROM chunk c WHERE c.id=?1",
                    )?
                    .execute([chunk, model])?;
            }
        }
        Ok(())
    }

    /// Every vector of a chunk is in exactly one well-formed block of its model.
    pub(super) fn codes(&mut self) -> Outcome<()> {
        for shelf in routed::shelves(self.conn)? {
            let message = match self.coded_chunks(shelf)? {
                None => Some("a block of codes cannot be read".to_owned()),
                Some(coded) => {
                    let twice = coded.windows(2).filter(|two| two[0] == two[1]).count();
                    let missing = self.uncoded(shelf, &coded)?;
                    (twice + missing > 0).then(|| {
                        format!("{missing} vectors have no code, {twice} have more than one")
                    })
                }
            };
            let Some(message) = message else { continue };
            self.findings.add("codes", shelf.table(), message, Cure::Here);
            if self.mends() {
                search::rebuild_codes(self.conn, shelf)?;
            }
        }
        Ok(())
    }
}
